#!/bin/bash
# html.sh DIRECTORY - writes the manual pages to DIRECTORY as HTML, with an index.  References to
# other projects' pages lead to manpages.debian.org.
set -eu
mkdir -p "$1"
directory=$(realpath "$1")
cd "$(dirname "$0")/../man"
cat > "$directory/manual.css" << 'EOC'
body { max-width: 48em; margin: 2em auto; padding: 0 1em; font: 16px/1.5 system-ui, sans-serif }
pre, code, .Nm, .Fl, .Cm { font-family: ui-monospace, monospace; font-size: 95% }
pre, .Bd-indent { margin-left: 2em; overflow-x: auto }
dt { margin-top: .6em } dd > p:first-child { margin-top: 0 }
table.head, table.foot { width: 100%; color: gray }
.head-vol, .foot-date { text-align: center } .head-rtitle, .foot-os { text-align: right }
.permalink { color: inherit; text-decoration: none }
@media (prefers-color-scheme: dark) { body { background: #0d1117; color: #d0d7de } a { color: #58a6ff } }
EOC
{
  echo '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>wireutils</title>'
  echo '<link rel="stylesheet" href="manual.css"><h1>wireutils</h1><dl>'
  for page in *.1 *.7 *.8; do
    mandoc -T html -O style=manual.css \
      -O 'man=%N.%S.html;https://manpages.debian.org/%N.%S' "$page" > "$directory/$page.html"
    echo "<dt><a href=\"$page.html\">${page%.*}(${page##*.})</a><dd>$(sed -n 's/^\.Nd //p' "$page")"
  done
  echo '</dl></html>'
} > "$directory/index.html"
echo "$directory/index.html"
