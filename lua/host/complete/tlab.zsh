#compdef tlab
# Completion of tlab for zsh: source <(tlab completion zsh), or as a file _tlab in a folder of fpath.
# tlab itself says what can stand at the cursor; this hands over the words of the line.

_tlab() {
  local value about
  local -a values shown open_values open_shown
  while IFS=$'\t' read -r value about; do
    if [[ $value == :files ]]; then
      compset -P '*='
      _files
      return
    elif [[ $value == *[=.] ]]; then
      open_values+=("$value")
      open_shown+=("$value${about:+  -- $about}")
    else
      values+=("$value")
      shown+=("$value${about:+  -- $about}")
    fi
  done < <("${words[1]/#\~\//$HOME/}" completion words -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)
  local found=1
  (($#values)) && compadd -l -d shown -a values && found=0
  (($#open_values)) && compadd -l -S '' -d open_shown -a open_values && found=0
  return found
}

if [[ $funcstack[1] == _tlab ]]; then
  _tlab "$@"
else
  compdef _tlab tlab
fi
