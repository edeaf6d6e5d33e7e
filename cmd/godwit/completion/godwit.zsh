#compdef godwit
# Completion of godwit's command lines for zsh.
_godwit() {
    local line text
    local -a candidates
    while IFS= read -r line; do
        text=${line%%$'\t'*}
        candidates+=("${text//:/\\:}:${line#*$'\t'}")
    done < <("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
    if (( ${#candidates} )); then
        _describe 'godwit' candidates
    else
        _files
    fi
}
if [ "$funcstack[1]" = "_godwit" ]; then
    _godwit "$@"
else
    compdef _godwit godwit
fi
