# Completes a tool's command line from what its --help says.  fish looks for TOOL.fish.

set -l tool (string replace -r '\.fish$' '' (status basename))
set -l program (commandline -opc)[1]
if test (path basename -- "$program") != $tool
    set program $tool
end
complete -c $tool -f
complete -c $tool -a 'localhost (__fish_print_hostnames)'
complete -c $tool -n '__fish_seen_argument -s U -l unix' -F
for line in ($program --help 2>/dev/null)
    set -l row (string match -r '^ +(?:-(?<short>.), )?--(?<long>[a-z0-9-]+)(?: (?<argument>[^ ]+))? +(?<text>.*)$' -- $line)
    or continue
    set -l value
    switch "$argument"
        case ''
        case '*FILE*' '*PATH*'
            set value -r -F
        case '*HOST*' '*ADDR*'
            set value -x -a 'localhost (__fish_print_hostnames)'
        case '*PORT*'
            set value -x -a '(string match -r "^[a-z][a-z0-9-]*" </etc/services)'
        case '*|*'
            set value -x -a (string replace -a '|' ' ' -- $argument)
        case '*'
            set value -x
    end
    set -l letter
    test -n "$short"; and set letter -s $short
    complete -c $tool $letter -l $long -d $text $value
end
