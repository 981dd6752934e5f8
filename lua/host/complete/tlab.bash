# shellcheck shell=bash
# Completion of tlab for bash: source <(tlab completion bash)
# tlab itself says what can stand at the cursor; this hands over the words of the line.

_tlab() {
  local line=${COMP_LINE:0:COMP_POINT} words=() piece i cut breaks='' value about values=() abouts=()

  # Bash breaks words at = and : as well; what no blank divides is put together again.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    piece=${COMP_WORDS[i]}
    if ((i == 0)) || [[ $line == [[:space:]]* ]]; then
      line=${line#"${line%%[![:space:]]*}"}
      words+=('')
    fi
    ((i < COMP_CWORD)) || piece=$line
    words[-1]+=$piece
    line=${line#"$piece"}
  done

  while IFS=$'\t' read -r value about; do
    values+=("$value")
    abouts+=("$about")
  done < <("${1/#\~\//$HOME/}" completion words -- "${words[@]:1}" 2>/dev/null)

  COMPREPLY=()
  if [[ ${values[0]-} == :files ]]; then
    compopt -o default
    return
  fi
  [[ $COMP_WORDBREAKS == *=* ]] && breaks+='='
  [[ $COMP_WORDBREAKS == *:* ]] && breaks+=':'
  cut=''
  if [[ -n $breaks && ${words[-1]} == *[$breaks]* ]]; then
    cut=${words[-1]%"${words[-1]##*[$breaks]}"}
  fi
  if ((${#values[@]} == 1)) && [[ ${values[0]} == *[=.] ]]; then
    compopt -o nospace
  fi
  for i in "${!values[@]}"; do
    value=${values[i]#"$cut"}
    # 63 is a list for the eye (bash(1), COMP_TYPE): nothing of it is inserted.
    if [[ $COMP_TYPE == 63 && -n ${abouts[i]} ]] && ((${#values[@]} > 1)); then
      value+="  (${abouts[i]})"
    fi
    COMPREPLY+=("$value")
  done
}

complete -F _tlab tlab
