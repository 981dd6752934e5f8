# shellcheck shell=bash
# $stdenv/setup of the stand-in: read by each build and by `nix develop`. Packages come first, then
# the machine's own folders.
stub_path='' stub_modules=${PKG_CONFIG_PATH:-} stub_input=''
# shellcheck disable=SC2154 # the builder's environment has them
for stub_input in ${nativeBuildInputs:-} ${buildInputs:-} ${nativeCheckInputs:-}; do
  [[ ! -d $stub_input/bin ]] || stub_path+=$stub_input/bin:
  [[ ! -d $stub_input/lib/pkgconfig ]] || stub_modules+=:$stub_input/lib/pkgconfig
done
# shellcheck disable=SC2154
PATH=$stub_path$stubHostPath
export PATH PKG_CONFIG_PATH=${stub_modules#:} LC_ALL=C.UTF-8
unset stub_path stub_modules stub_input
# A builder has no home; nix calls it /homeless-shelter, which root could make.
[[ $HOME != /homeless-shelter ]] || export HOME=/proc/homeless-shelter

# shellcheck disable=SC2154,SC2086 # $src and $out are nix's; flags are lists of words
{
  stub_unpack() {
    cp -R "$src" source
    chmod -R u+w source
    cd source || return
  }
  stub_build() { make -j"${NIX_BUILD_CORES:-1}" ${makeFlags:-}; }
  stub_check() { make -j"${NIX_BUILD_CORES:-1}" ${makeFlags:-} "${checkTarget:-check}"; }
  stub_install() { make ${makeFlags:-} install; }
}

# stub_phase NAME: what the package says for it, or what is done of old, and what it wants after it.
stub_phase() {
  local own=${1}Phase after=post${1^}
  echo "phase: $1"
  if [[ -n ${!own:-} ]]; then eval "${!own}"; else "stub_$1"; fi
  [[ -z ${!after:-} ]] || eval "${!after}"
}

genericBuild() {
  set -euo pipefail
  stub_phase unpack
  stub_phase build
  [[ -z ${doCheck:-} || $doCheck == 0 ]] || stub_phase check
  stub_phase install
}
