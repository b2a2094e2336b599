#!/bin/sh
# Predict first: questions on a terminal, answers that stay, and what the wire says of them.
set -u
B=${B:-build/debug}
W=$PWD/$B/bin/wirelab
PYTHON=${PYTHON:-python3}

command -v "$PYTHON" >/dev/null || { echo "skip - $PYTHON is not installed"; exit 0; }
"$W" doctor >/dev/null 2>&1 || { echo "skip - labs cannot run here"; exit 0; }
dir=$(mktemp -d "${TMPDIR:-/tmp}/wirelab-quiz-XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
cd "$dir" || exit 1

cat >quiz.py <<'END'
import fcntl, os, pty, select, struct, sys, termios, time

W, STATE = sys.argv[1], os.path.join(os.getcwd(), "state")
passed = failed = 0


def played(words, answers, end=False):
    """A run on a terminal of 80 columns: each answer is typed when it is asked for; then, with
    end, Ctrl-D.  (what was shown, exit status)"""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(XDG_STATE_HOME=STATE, LC_ALL="C.UTF-8", TERM="dumb")
        os.execv(W, [W, *words])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    shown, asked, limit = "", 0, time.monotonic() + 30
    prompts = ("your answer: ", "你的答案：")
    while time.monotonic() < limit:
        if not select.select([fd], [], [], 0.2)[0]:
            continue
        try:
            got = os.read(fd, 65536)
        except OSError:
            break
        if not got:
            break
        shown += got.decode(errors="replace")
        while sum(shown.count(p) for p in prompts) > asked:
            typed = answers[asked] + "\n" if asked < len(answers) else "\x04" if end else "0\n"
            os.write(fd, typed.encode())
            asked += 1
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return shown.replace("\r\n", "\n"), status, asked


def holds(what, condition, shown=""):
    global passed, failed
    passed, failed = passed + bool(condition), failed + (not condition)
    print(f"ok - {what}" if condition else f"not ok - {what}: {shown!r}")


def said(text, shown):
    return " ".join(text.split()) in " ".join(shown.split())


shown, status, asked = played(["run", "09"], ["ten", "10", "9", "9", "1", "10"])
holds("four questions are asked, and what is no answer is asked again", asked == 6, shown)
holds("a choice is a number of the list", said("the number of one of these, please", shown), shown)
holds("a wrong answer is told beside what the wire says", said("you said: 10; the wire says: 2.", shown), shown)
holds("it is told what somebody believes who says so", said('That is "one send, one segment"', shown), shown)
holds("a right answer is told to be right", said("you said: 9. Right.", shown), shown)
holds("a choice is told in words", said("you said: a timer runs out; the wire says: the ACK of the first segment arrives.", shown), shown)
holds("wrong predictions do not fail a run", status == 0, shown)
holds("no line is longer than the terminal", max(map(len, shown.split("\n"))) <= 80, max(shown.split("\n"), key=len))

shown, status, asked = played(["run", "09"], [])
holds("what was answered is not asked again, and cannot be changed", asked == 0 and said("you said: 10; the wire says: 2.", shown), shown)
shown, status, asked = played(["run", "09", "--seed", "other"], ["3", "3", "3", "3"])
holds("another seed asks anew", asked == 4, shown)
shown, status, asked = played(["run", "09", "--seed", "third"], ["3"], end=True)
holds("who leaves amid the questions runs nothing, status 1", status == 1 and not os.path.exists("third"), shown)
shown, status, asked = played(["run", "09", "--seed", "third"], ["3", "3", "3"])
holds("and is asked the rest the next time", asked == 3, shown)
shown, status, asked = played(["run", "09", "--no-predict", "--seed", "fourth"], [])
holds("--no-predict asks nothing and compares nothing", asked == 0 and "you said" not in shown and status == 0, shown)
shown, status, asked = played(["run", "09", "--lang", "zh", "--seed", "fifth"], ["x", "3", "3", "2", "3"])
holds("in Chinese all of it is Chinese", asked == 5 and "你的预测：" in shown and "your answer" not in shown, shown)
print(f"{passed} passed, {failed} failed, 0 skipped")
sys.exit(failed > 0)
END
"$PYTHON" quiz.py "$W"
