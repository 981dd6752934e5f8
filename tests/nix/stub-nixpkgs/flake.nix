# Stands in for nixpkgs where none can be had: its packages are programs and libraries of this machine.
# prepare.sh copies it and writes host.nix, and nix is told
#   --override-input nixpkgs path:COPY
# What it shows: flake.nix evaluates, each output is wired up, builds and checks run and bite. What it
# cannot show: that nixpkgs has these names and versions, its sandbox, its patched paths.
{
  description = "nixpkgs made of the programs of this machine, for tests";

  outputs =
    _:
    let
      lib = import ./lib.nix;
      host = import ./host.nix;
    in
    {
      inherit lib;
      legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
        system: import ./pkgs.nix { inherit lib host system; }
      );
    };
}
