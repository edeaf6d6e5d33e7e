# Completion of godwit's command lines for fish.
function __godwit_complete
    set -l words (commandline -opc)
    $words[1] complete -- $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c godwit -a '(__godwit_complete)'
