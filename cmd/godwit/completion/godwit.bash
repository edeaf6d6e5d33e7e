# Completion of godwit's command lines for bash.
_godwit() {
    local line=${COMP_LINE:0:COMP_POINT} words candidates current
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    mapfile -t candidates < <("${COMP_WORDS[0]}" complete -- "${words[@]:1}" 2>/dev/null)
    candidates=("${candidates[@]%%$'\t'*}")
    # To bash, a colon begins a new word, and it completes the last one.
    current=${words[-1]}
    if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
        candidates=("${candidates[@]#"${current%"${current##*:}"}"}")
    fi
    COMPREPLY=("${candidates[@]}")
}
complete -o default -F _godwit godwit
