# Completion of tacit's command line for fish. Goes to share/fish/vendor_completions.d/tacit.fish.
# tests/scenario/26-help.py holds the options, one a line, to --help.

function __tacit_command # whether it is one of these
	set -l words (commandline -opc)
	test (count $words) -gt 1; and contains -- $words[2] $argv
end

function __tacit_identity # whether it is tacit identity, and one of these
	set -l words (commandline -opc)
	test (count $words) -gt 2; and test $words[2] = identity; and contains -- $words[3] $argv
end

function __tacit_words # whether there are so many words before this one
	test (count (commandline -opc)) -eq $argv[1]
end

complete -c tacit -f

complete -c tacit -n '__tacit_words 1' -a hub -d 'The node in the middle'
complete -c tacit -n '__tacit_words 1' -a identity -d 'Who a program is, in a file'
complete -c tacit -n '__tacit_words 1' -a send -d 'A file, or lines, to who invited'
complete -c tacit -n '__tacit_words 1' -a receive -d 'What somebody sends'
complete -c tacit -n '__tacit_words 1' -a echo -d 'Answer, for trying a path out'
complete -c tacit -n '__tacit_words 1' -a ping -d 'Round trips through everything'
complete -c tacit -n '__tacit_words 1' -a streams -d 'What a store holds'
complete -c tacit -n '__tacit_words 1' -a dump -d 'What an outsider sees of a stream'
complete -c tacit -n '__tacit_words 1' -l version -d 'Say which one this is'
complete -c tacit -l help -d 'Say what there is'

complete -c tacit -n '__tacit_command hub' -l listen -x -a 127.0.0.1:4000 -d 'Where to accept clients'
complete -c tacit -n '__tacit_command hub' -l no-create -d 'Never create topics'
complete -c tacit -n '__tacit_command hub' -l sole-writer -d 'No other hub writes these topics'
complete -c tacit -n '__tacit_command hub' -l any-topic -d 'Clients beyond loopback may name any topic'
complete -c tacit -n '__tacit_command hub' -s v -d 'Log each entry'

complete -c tacit -n '__tacit_command hub streams dump' -l store -x -a '(__fish_complete_directories)' -d 'A folder that keeps streams'
complete -c tacit -n '__tacit_command hub streams dump' -l kafka -x -a 127.0.0.1:9092 -d 'Brokers that keep streams'
complete -c tacit -n '__tacit_command hub streams dump' -s X -x -d 'Set a property of librdkafka'
complete -c tacit -n '__tacit_command hub streams dump' -l kafka-config -r -F -d 'The same from a file'
complete -c tacit -n '__tacit_command hub streams dump' -l topic-prefix -x -d 'Begin the names of all topics with this'
complete -c tacit -n '__tacit_command hub streams dump' -l group-prefix -x -d 'Begin the names of all consumer groups with this'
complete -c tacit -n '__tacit_command streams dump' -l json -d 'Print JSON'
complete -c tacit -n '__tacit_command dump' -s n -x -d 'How many entries'
complete -c tacit -n '__tacit_command dump' -l from -x -d 'Begin at this index'

complete -c tacit -n '__tacit_command identity; and __tacit_words 2' -a new -d 'Make one'
complete -c tacit -n '__tacit_command identity; and __tacit_words 2' -a show -d 'Print its identifier'
complete -c tacit -n '__tacit_command identity; and __tacit_words 2' -a rotate -d 'Give it a new key'
complete -c tacit -n '__tacit_command identity; and __tacit_words 2' -a passphrase -d 'Change its passphrase'
complete -c tacit -n '__tacit_command identity; and __tacit_words 2' -a export -d 'Print its secret key'
complete -c tacit -n '__tacit_identity new show rotate passphrase export' -F
complete -c tacit -n '__tacit_identity new show rotate passphrase export' -l json -d 'Print JSON'
complete -c tacit -n '__tacit_identity new rotate passphrase export' -l passphrase-file -r -F -d 'The passphrase is in this file'
complete -c tacit -n '__tacit_identity new rotate passphrase export' -l no-passphrase -d 'There is none'
complete -c tacit -n '__tacit_identity passphrase' -l new-passphrase-file -r -F -d 'The new one is in this file'
complete -c tacit -n '__tacit_identity passphrase' -l new-no-passphrase -d 'There is to be none'

complete -c tacit -n '__tacit_command receive echo dump' -l hub -x -a 127.0.0.1:4000 -d 'The hub, or hubs'
complete -c tacit -n '__tacit_command send receive echo ping' -l identity -r -F -d 'An identity file'
complete -c tacit -n '__tacit_command send receive echo ping' -l passphrase-file -r -F -d 'The passphrase is in this file'
complete -c tacit -n '__tacit_command send receive echo ping' -l no-passphrase -d 'The identity file has none'
complete -c tacit -n '__tacit_command send receive echo ping' -l trust -r -F -a 'first everyone' -d 'Whom to talk to'
complete -c tacit -n '__tacit_command send receive echo ping' -l known -r -F -d 'The memory of peers'
complete -c tacit -n '__tacit_command send receive echo ping' -l timeout -x -d 'How long a silent far end is waited for'
complete -c tacit -n '__tacit_command send receive echo ping' -s q -d 'Nothing but errors'
complete -c tacit -n '__tacit_command send receive echo ping' -s v -d 'What happens on the way'
complete -c tacit -n '__tacit_command send receive echo ping' -l json -d 'Print JSON'
complete -c tacit -n '__tacit_command send receive' -l lines -d 'A message for each line'
complete -c tacit -n '__tacit_command receive' -s o -r -F -d 'Write to this file'
complete -c tacit -n '__tacit_command send; and not __tacit_words 2' -F
complete -c tacit -n '__tacit_command ping' -s c -x -d 'How many; 0: until Ctrl-C'
complete -c tacit -n '__tacit_command ping' -s s -x -d 'How many bytes in each'
