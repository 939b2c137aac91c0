#!/bin/sh
# same_transcript.sh NETCAT_SIM - the same seeds give the same transcripts, byte for byte, whatever
# ran before them.
set -eu
once=$("$1" --from 1000 --seeds 200 --print | cksum)
again=$("$1" --from 1000 --seeds 200 --print | cksum)
[ "$once" = "$again" ]
later=$("$1" --from 999 --seeds 2 --print | tail -n 5)
alone=$("$1" --from 1000 --seeds 1 --print | tail -n 5)
[ "$(echo "$later" | head -n 4)" = "$(echo "$alone" | head -n 4)" ]
