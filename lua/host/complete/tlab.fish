# Completion of tlab for fish: tlab completion fish | source
# tlab itself says what can stand at the cursor; this hands over the words of the line.

function __tlab_words
    set -l before (commandline -opc)
    set -l now (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $before[1])
    for line in ($program completion words -- $before[2..-1] "$now" 2>/dev/null)
        if test "$line" = :files
            set -l piece (string replace -r '^[^=]*=' '' -- "$now")
            set -l head (string sub -l (math (string length -- "$now") - (string length -- "$piece")) -- "$now")
            for file in (__fish_complete_path "$piece")
                echo $head$file
            end
        else
            echo $line
        end
    end
end

complete -c tlab -f -a '(__tlab_words)'
