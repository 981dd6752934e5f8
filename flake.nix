{
  description = "Time-Lab: runs that are recorded whole, and can be replayed";

  # One input. flake.lock pins it; docs/1-build/NIX.md says where its hash comes from.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      inherit (lib) fileset;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      each = f: lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system} self.packages.${system});
      version = lib.fileContents ./VERSION;
      license = lib.licenses.mit;

      # A package sees the files that it is made of, so that a change elsewhere does not build it anew.
      only =
        files:
        fileset.toSource {
          root = ./.;
          fileset = fileset.unions files;
        };
      extractor = ./recipes/tools/rust_extractor;
      post = ./recipes/tools/py_post;

      needs = pkgs: [
        pkgs.lua5_4
        pkgs.lua54Packages.lua-cjson
        pkgs.libgit2
        pkgs.curl
        pkgs.openssl
        pkgs.zlib
        pkgs.libedit
      ];

      # What the Makefile is told. Libraries that are opened on first use have no place where the loader
      # would find them by name, so the binary has their paths. cjson is a module for Lua: it takes Lua's
      # functions from the same shared library as tlab does.
      libraries =
        pkgs:
        let
          opened = package: name: "${lib.getLib package}/lib/${name}";
        in
        {
          LUA_LIBS = "-L${pkgs.lua5_4}/lib -llua";
          CJSON_LIBS = "${pkgs.lua54Packages.lua-cjson}/lib/lua/5.4/cjson.so";
          LIBCRYPTO = opened pkgs.openssl "libcrypto.so";
          LIBCURL = opened pkgs.curl "libcurl.so";
          LIBGIT2 = opened pkgs.libgit2 "libgit2.so";
          LIBZ = opened pkgs.zlib "libz.so";
          LIBEDIT = opened pkgs.libedit "libedit.so";
        };
    in
    {
      packages = each (
        pkgs: own: {
          default = own.tlab;

          tlab = pkgs.stdenv.mkDerivation {
            pname = "tlab";
            inherit version;
            src = only [
              ./Makefile
              ./VERSION
              ./LICENSE
              ./lab.json
              ./core
              ./lua
              ./schemas
              (fileset.difference ./recipes ./recipes/tools)
              ./tests/run.sh
              ./tests/lua
              ./tests/unit
              ./tests/recorded
              ./tests/schemas
              ./types # a test holds it to the binary
              ./docs/3-extend/LIBRARY.md # whose examples are in the binary
            ];
            nativeBuildInputs = [ pkgs.pkg-config ];
            buildInputs = needs pkgs;
            nativeCheckInputs = [ pkgs.cmocka ];
            env = libraries pkgs;
            makeFlags = [ "PREFIX=${placeholder "out"}" ];
            enableParallelBuilding = true;
            doCheck = true;
            checkTarget = "check";
            # tlab looks for its own programs here.
            postInstall = ''
              mkdir -p $out/libexec/tlab
              ln -s ${own.rust_extractor}/bin/rust_extractor ${own.py_post}/bin/py_post $out/libexec/tlab/
            '';
            meta = {
              description = "Runs recipes and records what they did, so that a run can be replayed";
              inherit license;
              mainProgram = "tlab";
              platforms = systems;
            };
          };

          rust_extractor = pkgs.rustPlatform.buildRustPackage {
            pname = "rust_extractor";
            inherit version;
            src = extractor;
            cargoLock.lockFile = extractor + "/Cargo.lock";
            meta = {
              description = "The symbols that a patch touches, as JSON lines";
              inherit license;
              mainProgram = "rust_extractor";
            };
          };

          py_post = pkgs.python3Packages.buildPythonApplication {
            pname = "py_post";
            inherit version;
            src = post;
            pyproject = true;
            build-system = [ pkgs.python3Packages.flit-core ];
            dependencies = [ pkgs.python3Packages.matplotlib ];
            nativeCheckInputs = [
              pkgs.python3Packages.pytestCheckHook
              pkgs.python3Packages.hypothesis
            ];
            # Figures are drawn to the byte, by the matplotlib of requirements.lock; the other tests an installer.
            disabledTestPaths = [
              "tests/test_figures.py"
              "tests/test_install.py"
            ];
            # As the launcher of recipes/tools/py_post/install.sh.
            makeWrapperArgs = [
              "--set"
              "OPENBLAS_NUM_THREADS"
              "1"
              "--set"
              "PYTHONUTF8"
              "1"
            ];
            meta = {
              description = "Tables and figures of what a run left behind";
              inherit license;
              mainProgram = "py_post";
            };
          };
        }
      );

      apps = each (
        _pkgs: own: {
          default = {
            type = "app";
            program = "${own.tlab}/bin/tlab";
            meta.description = "Time-Lab's command line";
          };
        }
      );

      devShells = each (
        pkgs: own:
        let
          python = names: pkgs.python3.withPackages (all: map (name: all.${name}) names);
          everyday = [
            pkgs.git
            pkgs.jq
            pkgs.just
          ];
          # All that `make` and its quick tests ask for.
          build = everyday ++ needs pkgs ++ [
            pkgs.cmocka
            pkgs.pkg-config
            pkgs.shellcheck
            pkgs.cargo
            pkgs.clippy
            pkgs.rustc
            pkgs.rustfmt
            (python [
              "jsonschema"
              "pytest"
            ])
          ];
          shell =
            name: packages:
            pkgs.mkShell (libraries pkgs // {
              inherit name packages;
              TLAB_PROFILE = name;
            });
        in
        {
          default = shell "default" build;
          rust_analyzer = shell "rust_analyzer" (build ++ [ pkgs.rust-analyzer ]);
          # For labs: tlab itself comes with them.
          python_ml = shell "python_ml" (
            everyday
            ++ [
              own.tlab
              (python [
                "numpy"
                "pandas"
                "scikit-learn"
              ])
            ]
          );
          data_mining = shell "data_mining" (
            everyday
            ++ [
              own.tlab
              own.rust_extractor
              own.py_post
              pkgs.sqlite
              (python [ "pandas" ])
            ]
          );
        }
      );

      # What no package checks of itself. Each sees the files that it reads.
      checks = each (
        pkgs: own:
        let
          check =
            name: tools: files: script:
            pkgs.runCommand "check-${name}" { nativeBuildInputs = tools; } ''
              export HOME=$TMPDIR
              cd ${only files}
              ${script}
              touch $out
            '';
          python = pkgs.python3.withPackages (all: [
            all.jsonschema
            all.pytest
          ]);
        in
        {
          inherit (own) tlab rust_extractor py_post;

          shellcheck = check "shellcheck" [ pkgs.shellcheck ] [ ./. ] ''
            grep -rlE '^#!.*\bbash$' . | xargs shellcheck
          '';

          schemas = check "schemas" [ python ] [ ./lab.json ./schemas ./tests/schemas ./tests/e2e/test_schemas.py ] ''
            python3 -B -m pytest -q -c /dev/null --noconftest -p no:cacheprovider tests/e2e/test_schemas.py
          '';

          formatting =
            check "formatting"
              [
                pkgs.clang-tools
                pkgs.stylua
                pkgs.rustfmt
                pkgs.black
              ]
              [
                ./.clang-format
                ./pyproject.toml
                ./stylua.toml
                ./core
                ./lua
                ./recipes
                ./tests
              ]
              ''
                find core tests -name '*.[ch]' -exec clang-format --dry-run --Werror {} +
                find lua recipes tests -name '*.lua' ! -path '*/run/*' -exec stylua --check {} +
                find recipes -name '*.rs' -exec rustfmt --check --edition 2024 {} +
                black --check --config pyproject.toml tests
                black --check --config recipes/tools/py_post/pyproject.toml recipes
              '';

          # The installed programs together.
          smoke = check "smoke" [ own.tlab pkgs.git pkgs.jq ] [ ./tests/nix/smoke.sh ] ''
            bash tests/nix/smoke.sh
          '';
        }
      );
    };
}
