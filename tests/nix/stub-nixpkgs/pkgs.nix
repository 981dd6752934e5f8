{
  lib,
  host,
  system,
}:
let
  inherit (builtins)
    concatStringsSep
    elem
    filter
    head
    ;
  eachLine = f: list: concatStringsSep "\n" (map f list);

  # --- what is made of a script -----------------------------------------------------------------
  # The colon at the end matters: `bash -c` becomes its last command, coreutils close their output
  # before they end, and nix kills a builder whose output has closed ("failed due to signal 9").
  raw =
    name: script: more:
    derivation (
      {
        inherit name system;
        builder = host.bash;
        args = [
          "-c"
          "set -eu\n${script}\n:"
        ];
        PATH = host.path;
      }
      // more
    );

  # Can be evaluated; who builds it is told what is not there.
  absent =
    kind: name:
    raw "absent-${name}" "echo 'this machine has no ${kind} ${name}: see tests/nix/prepare.sh' >&2; exit 1" { };

  named = name: drv: drv // { inherit name; };
  link = from: to: "ln -s ${from} $out/${to}";

  # --- programs and libraries of this machine ---------------------------------------------------
  # The first name must be there.
  programs =
    name: names:
    let
      found = filter (it: host.tools ? ${it}) names;
    in
    named name (
      if !(host.tools ? ${head names}) then
        absent "program" (head names)
      else
        raw name ''
          mkdir -p $out/bin
          ${eachLine (it: link host.tools.${it} "bin/${it}") found}
        '' { }
    );
  program = name: programs name [ name ];

  # A program that a person's editor starts: without it the shell is still of use.
  optional =
    name:
    if host.tools ? ${name} then
      program name
    else
      named name (
        raw name ''
          mkdir -p $out/bin
          printf '%s\n' '#!/bin/sh' 'echo "stand-in: this machine has no ${name}" >&2; exit 127' >$out/bin/${name}
          chmod +x $out/bin/${name}
        '' { }
      );

  # As linked to (lib), as found by pkg-config (modules). Their headers are the machine's.
  library =
    name: libs: modules:
    named name (
      raw name ''
        mkdir -p $out/lib/pkgconfig
        ${eachLine (
          it: if host.libraries ? ${it} then link host.libraries.${it} "lib/lib${it}.so" else "exit 1"
        ) libs}
        ${eachLine (
          it: if host.pcFiles ? ${it} then link host.pcFiles.${it} "lib/pkgconfig/${it}.pc" else "exit 1"
        ) modules}
      '' { }
    );

  # --- stdenv -----------------------------------------------------------------------------------
  stdenv = raw "stdenv" "mkdir -p $out; cp ${./setup.sh} $out/setup" { } // {
    inherit mkDerivation;
  };

  # Of what nixpkgs' one takes, this knows what setup.sh does something with.
  mkDerivation =
    given:
    let
      name = given.name or "${given.pname}-${given.version}";
      forNix = removeAttrs given [
        "env"
        "meta"
        "stubBuilder"
      ];
    in
    derivation (
      forNix
      // (given.env or { })
      // {
        inherit name system stdenv;
        outputs = [ "out" ]; # `nix develop` asks for it
        builder = host.bash;
        args = [
          "-c"
          (given.stubBuilder or "source $stdenv/setup; genericBuild; :")
        ];
        stubHostPath = host.path;
        PATH = host.path;
      }
    )
    // {
      inherit name;
      meta = given.meta or { };
    };

  runCommand =
    name: given: script:
    mkDerivation (
      given
      // {
        inherit name;
        stubBuilder = ''
          source $stdenv/setup
          set -euo pipefail
          ${script}
          :
        '';
      }
    );

  mkShell =
    given:
    mkDerivation (
      removeAttrs given [ "packages" ]
      // {
        buildInputs = given.packages;
        stubBuilder = "source $stdenv/setup; export >$out; :";
      }
    );

  # --- Rust -------------------------------------------------------------------------------------
  # nixpkgs vendors the crates of Cargo.lock; here they are those that this machine has fetched.
  buildRustPackage =
    given:
    mkDerivation (
      removeAttrs given [ "cargoLock" ]
      // {
        nativeBuildInputs = [
          pkgs.cargo
          pkgs.rustc
        ];
        env = {
          CARGO_HOME = host.cargoHome;
          CARGO_NET_OFFLINE = "true";
          CARGO_TARGET_DIR = "target";
        };
        buildPhase = ''
          cmp Cargo.lock ${given.cargoLock.lockFile}
          if [[ -n "${host.cargoTarget}" ]]; then cp -a "${host.cargoTarget}" target; fi
          cargo build --release --locked
        '';
        doCheck = true;
        checkPhase = "cargo test --release --locked";
        installPhase = "install -D -t $out/bin target/release/${given.pname}";
      }
    );

  # --- Python -----------------------------------------------------------------------------------
  # A package is known by its name; what is imported is the machine's.
  pythonNames = [
    "flit-core"
    "hypothesis"
    "jsonschema"
    "matplotlib"
    "numpy"
    "pandas"
    "pytest"
    "scikit-learn"
  ];
  pythonPackage = name: raw "python3-${name}" "mkdir -p $out" { } // { pyModule = name; };
  modulesOf = list: map (it: it.pyModule) (filter (it: it ? pyModule) list);
  lackingOf = list: filter (it: !(elem it host.pyModules)) (modulesOf list);

  # A virtual environment is known by where its python lies, so a link would not do.
  python3 = raw "python3" ''
    mkdir -p $out/bin
    printf '%s\n' '#!/bin/sh' 'exec ${host.tools.python3} "$@"' >$out/bin/python3
    chmod +x $out/bin/python3
  '' { } // {
    withPackages =
      choose:
      let
        lacking = lackingOf (choose python3Packages);
      in
      if lacking != [ ] then absent "Python package" (head lacking) else python3;
  };

  # The project's own build backend makes it, and its tests run, as nixpkgs does it.
  buildPythonApplication =
    given:
    let
      asked = given.build-system ++ given.dependencies ++ given.nativeCheckInputs;
      lacking = lackingOf asked;
    in
    if lacking != [ ] then
      absent "Python package" (head lacking)
    else
      mkDerivation (
        removeAttrs given [
          "build-system"
          "dependencies"
          "nativeCheckInputs"
          "pyproject"
        ]
        // {
          nativeBuildInputs = [ python3 ];
          buildPhase = ":";
          installPhase = "python3 -B ${./pyinstall.py} $out $makeWrapperArgs";
          doCheck = true;
          checkPhase = concatStringsSep " " (
            [ "python3 -B -m pytest -q" ] ++ map (it: "--ignore=${it}") given.disabledTestPaths
          );
        }
      );

  python3Packages = lib.genAttrs pythonNames pythonPackage // {
    inherit buildPythonApplication;
    pytestCheckHook = pythonPackage "pytest";
  };

  pkgs = {
    inherit
      mkShell
      python3
      python3Packages
      runCommand
      stdenv
      ;
    rustPlatform = {
      inherit buildRustPackage;
    };

    lua5_4 = library "lua" [ "lua" ] [ "lua5.4" ];
    lua54Packages.lua-cjson = named "lua-cjson" (
      raw "lua-cjson" ''
        mkdir -p $out/lib/lua/5.4
        ${link (host.luaModules.cjson or "/nowhere") "lib/lua/5.4/cjson.so"}
      '' { }
    );
    libgit2 = library "libgit2" [ "git2" ] [ "libgit2" ];
    curl = library "curl" [ "curl" ] [ "libcurl" ];
    openssl = library "openssl" [ "crypto" ] [ "libcrypto" ];
    libedit = library "libedit" [ "edit" ] [ "libedit" ];
    zlib = library "zlib" [ "z" ] [ "zlib" ];
    cmocka = library "cmocka" [ "cmocka" ] [ "cmocka" ];

    bashInteractive = program "bash"; # `nix develop` takes it from here
    black = program "black";
    cargo = program "cargo";
    clang-tools = program "clang-format";
    clippy = programs "clippy" [
      "cargo-clippy"
      "clippy-driver"
    ];
    git = program "git";
    jq = program "jq";
    just = program "just";
    pkg-config = program "pkg-config";
    rust-analyzer = optional "rust-analyzer";
    rustc = programs "rustc" [
      "rustc"
      "rustdoc"
    ];
    rustfmt = programs "rustfmt" [
      "rustfmt"
      "cargo-fmt"
    ];
    shellcheck = program "shellcheck";
    sqlite = program "sqlite3";
    stylua = program "stylua";
  };
in
pkgs
