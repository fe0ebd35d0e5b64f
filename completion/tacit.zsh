#compdef tacit
# Completion of tacit's command line for zsh. Goes to share/zsh/site-functions/_tacit.
# tests/scenario/26-help.py holds the options, one a line, to --help.

_tacit_kafka=(
	'*-X[set a property of librdkafka]:PROPERTY=VALUE:'
	'*--kafka-config[the same from a file]:file:_files'
	'--topic-prefix[begin the names of all topics with this]:text:'
	'--group-prefix[begin the names of all consumer groups with this]:text:'
)

_tacit_who=(
	'--identity[an identity file; without it a fresh identity]:file:_files'
	'(--no-passphrase)--passphrase-file[the passphrase is in this file]:file:_files'
	'(--passphrase-file)--no-passphrase[the identity file has none]'
	'--trust[whom to talk to]:whom:{_alternative "word:choice:(first everyone)" "file:identifiers:_files"}'
	'--known[the memory of peers]:file:_files'
	'--timeout[how long a silent far end is waited for]:duration (60s, 5m; 0 for ever):'
	'-q[nothing but errors]'
	'-v[what happens on the way]'
	'--json[print JSON]'
	'--help[say which options there are]'
)

_tacit_opening=(
	'(--no-passphrase)--passphrase-file[the passphrase is in this file]:file:_files'
	'(--passphrase-file)--no-passphrase[there is none]'
	'--json[print JSON]'
	'--help[say which options there are]'
)

_tacit_identity() {
	local -a commands=(
		'new:make one'
		'show:print its identifier'
		'rotate:give it a new key'
		'passphrase:change, set or remove its passphrase'
		'export:print its secret key'
	)
	if (( CURRENT == 2 )); then
		_describe -t commands 'command' commands
		_arguments \
			'--help[say which commands there are]'
		return
	fi
	shift words
	(( CURRENT-- ))
	case $words[1] in
	new|rotate|export)
		_arguments -s $_tacit_opening '1:identity file:_files'
		;;
	passphrase)
		_arguments -s $_tacit_opening \
			'(--new-no-passphrase)--new-passphrase-file[the new one is in this file]:file:_files' \
			'(--new-passphrase-file)--new-no-passphrase[there is to be none]' \
			'1:identity file:_files'
		;;
	show)
		_arguments \
			'--json[print JSON]' \
			'--help[say which options there are]' \
			'1:identity file:_files'
		;;
	esac
}

_tacit() {
	local -a commands=(
		'hub:the node in the middle'
		'identity:who a program is, in a file'
		'send:a file, or lines, to who invited'
		'receive:what somebody sends'
		'echo:answer, for trying a path out'
		'ping:round trips through everything'
		'streams:what a store holds'
		'dump:what an outsider sees of a stream'
	)
	if (( CURRENT == 2 )); then
		_describe -t commands 'command' commands
		_arguments \
			'--help[say which commands there are]' \
			'--version[say which one this is]'
		return
	fi
	shift words
	(( CURRENT-- ))
	case $words[1] in
	hub)
		_arguments -s $_tacit_kafka \
			'--listen[where to accept clients]:HOST\:PORT:(127.0.0.1\:4000)' \
			'(--kafka)--store[keep streams in this folder]:folder:_files -/' \
			'(--store)--kafka[keep streams in Apache Kafka]:HOST\:PORT:(127.0.0.1\:9092)' \
			'--no-create[never create topics]' \
			'--sole-writer[no other hub writes these topics]' \
			'--any-topic[clients beyond loopback may name any topic]' \
			'*-v[log each entry]' \
			'--help[say which options there are]'
		;;
	identity)
		_tacit_identity
		;;
	send)
		_arguments -s $_tacit_who \
			'--lines[a message for each line]' \
			'1:invitation:' \
			'2:file:_files'
		;;
	receive)
		_arguments -s $_tacit_who \
			'--hub[the hub, or hubs]:HOST\:PORT:(127.0.0.1\:4000)' \
			'-o[write to this file]:file:_files' \
			'--lines[take lines only]'
		;;
	echo)
		_arguments -s $_tacit_who \
			'--hub[the hub, or hubs]:HOST\:PORT:(127.0.0.1\:4000)'
		;;
	ping)
		_arguments -s $_tacit_who \
			'-c[how many; 0\: until Ctrl-C]:count:' \
			'-s[how many bytes in each]:size:' \
			'1:invitation:'
		;;
	streams)
		_arguments -s $_tacit_kafka \
			'(--kafka)--store[look into this folder]:folder:_files -/' \
			'(--store)--kafka[look into this Apache Kafka]:HOST\:PORT:(127.0.0.1\:9092)' \
			'--json[print JSON]' \
			'--help[say which options there are]'
		;;
	dump)
		_arguments -s $_tacit_kafka \
			'(--kafka --store)--hub[ask this hub]:HOST\:PORT:(127.0.0.1\:4000)' \
			'(--kafka --hub)--store[look into this folder]:folder:_files -/' \
			'(--store --hub)--kafka[look into this Apache Kafka]:HOST\:PORT:(127.0.0.1\:9092)' \
			'-n[how many entries]:count:' \
			'--from[begin at this index]:index:' \
			'--json[print JSON]' \
			'--help[say which options there are]' \
			'1:stream:'
		;;
	esac
}

_tacit "$@"
