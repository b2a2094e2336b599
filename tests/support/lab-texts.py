"""The generated parts of the labs' texts.

In a README of labs/ a line

    <!-- tcpq captures/09-nagle.pcapng --ladder 0 -->

stands above a block of code whose text is what that command prints.

    lab-texts.py BIN write   runs the commands, puts what they print into the texts
    lab-texts.py BIN check   says what has drifted, one line each; status 1 if anything has
"""
import glob
import os
import re
import subprocess
import sys

BLOCK = re.compile(r"(<!-- (tcpq|wirelab) ([^\n]*?) -->\n```[a-z]*\n)(.*?)(```\n)", re.S)
# What a capture's path alone may not do: these are run by whoever builds the project.
ALLOWED = re.compile(r"^[A-Za-z0-9 ./_=-]*$")


def printed(bin_dir, tool, words):
    if not ALLOWED.match(words):
        return None, "holds more than names and options"
    # Ladders are drawn with lines and arrows, whatever locale this is called in.
    run = subprocess.run([f"{bin_dir}/{tool}", *words.split()], capture_output=True, text=True,
                         encoding="utf-8", env={**os.environ, "LC_ALL": "C.UTF-8"})
    if run.returncode:
        return None, f"ends with status {run.returncode}: {run.stderr.strip()}"
    return run.stdout, None


def renewed(bin_dir, path, text, drift):
    def block(m):
        said, why = printed(bin_dir, m.group(2), m.group(3))
        if said is None:
            drift.append(f"{path}: {m.group(2)} {m.group(3)} {why}")
            return m.group(0)
        # Blanks at a line's end are no part of a text.
        said = "".join(line.rstrip() + "\n" for line in said.splitlines())
        if said != m.group(4):
            drift.append(f"{path}: {m.group(2)} {m.group(3)} prints something else now")
        return m.group(1) + said + m.group(5)

    return BLOCK.sub(block, text)


def main():
    bin_dir, what = sys.argv[1:3]
    drift, blocks = [], 0
    for path in sorted(glob.glob("labs/*/README*.md") + glob.glob("captures/README.md")):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        blocks += len(BLOCK.findall(text))
        new = renewed(bin_dir, path, text, drift)
        if what == "write" and new != text:
            with open(path, "w", encoding="utf-8") as f:
                f.write(new)
    if what == "check":
        for line in drift:
            print(line)
        print(f"{blocks} generated blocks, {len(drift)} drifted")
    return 1 if drift and what == "check" else 0


if __name__ == "__main__":
    sys.exit(main())
