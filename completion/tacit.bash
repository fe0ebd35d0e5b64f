# Completion of tacit's command line for bash. Goes to share/bash-completion/completions/tacit.
# shellcheck shell=bash

# The options of a command, one string. tests/scenario/26-help.py holds them to --help.
_tacit_options() {
	local kafka='-X --kafka-config --topic-prefix --group-prefix'
	local who='--identity --passphrase-file --no-passphrase --trust --known --timeout'
	local words='-q -v --json --help'

	case $1 in
	hub) echo "--listen --store --kafka $kafka --no-create --sole-writer --any-topic -v --help" ;;
	'identity new' | 'identity rotate' | 'identity export')
		echo '--passphrase-file --no-passphrase --json --help' ;;
	'identity passphrase')
		echo '--passphrase-file --no-passphrase --new-passphrase-file --new-no-passphrase' \
			'--json --help'
		;;
	'identity show') echo '--json --help' ;;
	identity) echo '--help' ;;
	send) echo "$who --lines $words" ;;
	receive) echo "--hub $who -o --lines $words" ;;
	echo) echo "--hub $who $words" ;;
	ping) echo "-c -s $who $words" ;;
	streams) echo "--store --kafka $kafka --json --help" ;;
	dump) echo "--hub --store --kafka $kafka -n --from --json --help" ;;
	*) echo '--help --version' ;;
	esac
}

# Keeps what begins with what was typed, one candidate a line.
_tacit_keep() {
	local word
	while IFS= read -r word; do
		COMPREPLY+=("$word")
	done < <(compgen "$@")
}

_tacit_files() { # files, or with -d folders
	compopt -o filenames 2>/dev/null
	_tacit_keep "${1:--f}" -- "$cur"
}

_tacit() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]-} operand=2

	COMPREPLY=()
	# bash takes --option=value for three words
	if [ "$cur" = = ]; then
		cur=''
	elif [ "$prev" = = ]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	if [ "$COMP_CWORD" = 1 ]; then
		_tacit_keep -W "hub identity send receive echo ping streams dump $(_tacit_options)" -- "$cur"
		return
	fi
	if [ "$command" = identity ]; then
		if [ "$COMP_CWORD" = 2 ]; then
			_tacit_keep -W "new show rotate passphrase export $(_tacit_options identity)" -- "$cur"
			return
		fi
		command+=" ${COMP_WORDS[2]}"
	fi
	case $prev in
	--identity | --passphrase-file | --new-passphrase-file | --known | --kafka-config | -o) _tacit_files ;;
	--store) _tacit_files -d ;;
	--trust)
		_tacit_files
		_tacit_keep -W 'first everyone' -- "$cur"
		;;
	--hub | --listen) _tacit_keep -W '127.0.0.1:4000' -- "$cur" ;;
	--kafka) _tacit_keep -W '127.0.0.1:9092' -- "$cur" ;;
	--topic-prefix | --group-prefix | --timeout | --from | -X | -c | -s | -n) ;;
	*)
		case $command:$cur in
		*:-*) _tacit_keep -W "$(_tacit_options "$command")" -- "$cur" ;;
		identity\ *) _tacit_files ;;
		send:*) [ "$COMP_CWORD" = "$operand" ] || _tacit_files ;;
		esac
		;;
	esac
}

complete -F _tacit tacit
