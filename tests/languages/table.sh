#!/usr/bin/env bash
# What `capseal run` makes of common languages and tools on this machine, as a Markdown table: whether the recorded inputs and
# outputs are the ones that the case names, whether the run replays, and what recording costs beside the bare command.
#
#   CAPSEAL=target/release/capseal tests/languages/table.sh > table.md
#
# What is not installed is skipped. Nothing is fetched, except by npm, pip and cargo where a case says so.
set -u
# A descriptor that the caller left open would be noted in each record.
for descriptor in /proc/$$/fd/*; do
  descriptor=${descriptor##*/}
  if [ "$descriptor" -gt 2 ] && [ "$descriptor" -ne 255 ]; then eval "exec $descriptor>&-"; fi
done
CAPSEAL=$(realpath "${CAPSEAL:-target/release/capseal}")
top=$(mktemp -d "${TMPDIR:-/tmp}/capseal-table.XXXXXX")
trap 'rm -rf "$top"' EXIT

# case_of NAME COMMAND SETUP INPUTS OUTPUTS: runs COMMAND (for sh) in a folder that SETUP fills. INPUTS and OUTPUTS are paths that
# the record must have, as code or input, and as output.
case_of() {
  local name=$1 command=$2 setup=$3 inputs=$4 outputs=$5
  local bare=$top/bare run=$top/run receipt=$top/run.cap
  rm -rf "$bare" "$run" "$receipt"*
  mkdir "$bare"
  (cd "$bare" && eval "$setup") > "$top/log" 2>&1 || { row "$name" "set-up failed" - -; return; }
  cp -a "$bare" "$run"
  local before after
  before=$(seconds "$bare" sh -c "$command")
  after=$(seconds "$run" "$CAPSEAL" run --out "$receipt" -- sh -c "$command")
  [ -e "$receipt" ] || { row "$name" "no receipt" - -; return; }
  local recorded replays
  recorded=$(missing "$receipt" "$inputs" "$outputs")
  if "$CAPSEAL" replay "$receipt" > "$top/replay" 2>&1; then replays=yes; else replays="$(grep -o 'E08[0-9]' "$top/replay" | head -1): $(sed -n 's/^  ✗ \([^ ]*\).*/\1/p' "$top/replay" | head -1), $(grep -c '^  ✗' "$top/replay") in all"; fi
  row "$name" "${recorded:-right}" "${replays:-no}" "$(python3 -c "print(f'{$before:.2f} s, {$after:.2f} s, {$after / max($before, 0.001):.1f}')")"
}

seconds() {
  local folder=$1 start; shift
  start=$(date +%s.%N)
  (cd "$folder" && "$@" < /dev/null) > "$top/log" 2>&1
  python3 -c "print($(date +%s.%N) - $start)"
}

missing() {
  "$CAPSEAL" inspect --json "$1" | python3 -c '
import json, sys
claim = json.load(sys.stdin)["claim"]
have = lambda *lists: {file["path"] for name in lists for file in claim.get(name) or []}
lacks = [path for path in sys.argv[1].split() if path not in have("code", "inputs", "config")]
lacks += [path for path in sys.argv[2].split() if path not in have("outputs")]
print("missing: " + " ".join(lacks) if lacks else "")' "$2" "$3"
}

row() { echo "| $1 | $2 | $3 | $4 |"; }
has() { command -v "$1" > /dev/null 2>&1; }

echo "$(date -u +%F), $(uname -sr), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg) at the start; replay: $(bwrap --version 2> /dev/null || echo no bubblewrap)"
echo
echo '| what | recorded inputs and outputs | replays | bare, recorded, ratio |'
echo '| --- | --- | --- | --- |'

has python3 && case_of "Python in a virtual environment" '.venv/bin/python job.py' '
  python3 -m venv --without-pip .venv
  printf "a,b\n1,2\n3,4\n" > data.csv
  printf "def total(rows): return sum(int(x) for r in rows for x in r)\n" > helper.py
  printf "import csv, json, os, helper\nrows = list(csv.reader(open(\"data.csv\")))[1:]\nopen(\"out.part\", \"w\").write(json.dumps(helper.total(rows)))\nos.replace(\"out.part\", \"out.json\")\n" > job.py' 'job.py helper.py data.csv' 'out.json'

has python3 && case_of "Python with numpy from PyPI" '.venv/bin/python job.py' '
  python3 -m venv .venv && .venv/bin/pip install -q numpy
  printf "1,2\n3,4\n" > data.csv
  printf "import numpy as np\na = np.loadtxt(\"data.csv\", delimiter=\",\")\nnp.save(\"out.npy\", a @ a)\n" > job.py' 'job.py data.csv' 'out.npy'

has npm && case_of "Node with npm" 'npm run --silent build' '
  printf "{\"name\":\"x\",\"version\":\"1.0.0\",\"scripts\":{\"build\":\"node build.js\"}}\n" > package.json
  npm install --silent --no-audit --no-fund left-pad@1.3.0
  printf "const pad = require(\"left-pad\"), fs = require(\"fs\");\nfs.mkdirSync(\"dist\");\nfs.writeFileSync(\"dist/out.txt\", pad(fs.readFileSync(\"in.txt\", \"utf8\"), 9));\n" > build.js
  echo hi > in.txt' 'build.js in.txt package.json node_modules/left-pad/index.js' 'dist/out.txt'

has make && has cc && case_of "C by make, one file changed" 'make' '
  printf "int half(int);\n" > half.h
  printf "#include \"half.h\"\nint half(int x) { return x / 2; }\n" > half.c
  printf "#include <stdio.h>\n#include \"half.h\"\nint main(void) { printf(\"%%d\\\\n\", half(84)); }\n" > main.c
  printf "prog: main.o half.o\n\tcc -o prog main.o half.o\n%%.o: %%.c half.h\n\tcc -c -o \$@ \$<\n" > Makefile
  make; sleep 1.1; echo "/* later */" >> half.c' 'Makefile half.c half.h main.o' 'half.o prog'

has cargo && case_of "Rust by cargo" 'CARGO_INCREMENTAL=0 cargo build --quiet --offline' '
  cargo init --quiet --vcs none --name hello .' 'Cargo.toml src/main.rs' 'target/debug/hello Cargo.lock'

has javac && case_of "Java" 'javac -d out Main.java && java -cp out Main > result.txt' '
  printf "public class Main { public static void main(String[] a) throws Exception { System.out.print(java.nio.file.Files.readString(java.nio.file.Path.of(\"in.txt\")).strip() + \"!\"); } }\n" > Main.java
  echo hi > in.txt' 'Main.java in.txt' 'out/Main.class result.txt'
has javac || { has java && case_of "Java, one source file" 'java Main.java > result.txt' '
  printf "public class Main { public static void main(String[] a) throws Exception { System.out.print(java.nio.file.Files.readString(java.nio.file.Path.of(\"in.txt\")).strip() + \"!\"); } }\n" > Main.java
  echo hi > in.txt' 'Main.java in.txt' 'result.txt'; }

has go && case_of "Go" 'GOCACHE=$PWD/.cache GOFLAGS=-mod=mod go build -o hello . && ./hello < in.txt > out.txt' '
  printf "module hello\n\ngo 1.19\n" > go.mod
  printf "package main\n\nimport (\"io\"; \"os\"; \"fmt\")\n\nfunc main() { b, _ := io.ReadAll(os.Stdin); fmt.Print(len(b)) }\n" > main.go
  echo hi > in.txt' 'go.mod main.go in.txt' 'hello out.txt'

has Rscript && case_of "R" 'Rscript job.R' '
  printf "x,y\n1,2\n2,4\n3,6\n" > data.csv
  printf "d <- read.csv(\"data.csv\")\nsaveRDS(coef(lm(y ~ x, d)), \"fit.rds\")\nwrite.csv(colMeans(d), \"means.csv\")\n" > job.R' 'job.R data.csv' 'fit.rds means.csv'

has sqlite3 && case_of "SQLite" 'sqlite3 shop.db < job.sql > report.txt' '
  sqlite3 shop.db "create table t(a, b); insert into t values (1, 2), (3, 4);"
  printf "update t set b = b * 2;\nselect a, b from t order by a;\n" > job.sql' 'shop.db job.sql' 'shop.db report.txt'

has git && case_of "git, history and diff" 'git log -p > log.txt && git status --short > status.txt && git diff > diff.txt && git archive HEAD > all.tar' '
  git init -q . && mkdir sub && echo 1 > a && echo 2 > sub/b && git add . &&
  git -c user.name=n -c user.email=e@example.org commit -qm first && echo 3 > a' 'a .git/HEAD' 'log.txt status.txt diff.txt all.tar'

has git && case_of "git, a commit" 'GIT_AUTHOR_DATE=@1700000000+0000 GIT_COMMITTER_DATE=@1700000000+0000 git -c user.name=n -c user.email=e@example.org commit -qam second && git log --oneline > log.txt' '
  git init -q . && mkdir sub && echo 1 > a && echo 2 > sub/b && git add . &&
  git -c user.name=n -c user.email=e@example.org commit -qm first && echo 3 > a' 'a .git/HEAD' 'log.txt .git/COMMIT_EDITMSG'

case_of "shell pipeline" 'tr "[:upper:]" "[:lower:]" < words.txt | sort | uniq -c | sort -rn > counts.txt' '
  yes "The quick brown fox jumps over the lazy dog" | head -20000 | tr " " "\n" > words.txt' 'words.txt' 'counts.txt'
