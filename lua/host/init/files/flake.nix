{
  description = "The tools of this lab";

  # Runs name the revision that flake.lock pins: `nix flake update` is a change like any other.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  # tlab itself: add its repository as an input (a path or a URL), and inputs.tlab.packages.${system}.default
  # to the packages below. Until then the tlab that is installed is used.
  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
    in
    {
      devShells = nixpkgs.lib.genAttrs systems (
        system:
        let
          pkgs = nixpkgs.legacyPackages.${system};
        in
        {
          default = pkgs.mkShell {
            packages = [
              pkgs.git
              pkgs.jq
              pkgs.just
            ];
          };
        }
      );
    };
}
