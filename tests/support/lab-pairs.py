"""The two READMEs of each lab beside each other, and beside the lab's captures.

    lab-pairs.py BIN

Says on standard output what is not as it should be, one line each; the last line counts labs.

- Both have the same eight headings, in the same order.
- Both say the same but for the language: in each section the same blocks of code (remarks in
  them aside), the same code in lines, and the same numbers of two digits and more.  Smaller ones
  are written as words here and as digits there.
- No frame is named that is not in a capture of that lab.  Where a paragraph or a row names one
  file, it is that file's.  experiment.c and words.h are held to that, too.
"""
import glob
import json
import os
import re
import subprocess
import sys

HEADINGS = [
    ("Goal", "目标"), ("Predict", "预测"), ("Run", "运行"), ("Look", "观察"),
    ("Explain", "解释"), ("Change something", "改一改"), ("Check", "检查"),
    ("Read the code", "读代码"),
]
FENCE = re.compile(r"^```.*?\n(.*?)^```$", re.S | re.M)
SPAN = re.compile(r"`([^`]+)`")
NUMBER = re.compile(r"(?<![A-Za-z0-9_.])\d+(?:,\d{3})*(?:\.\d+)*")
# "frame 5", "frames 4 to 10", "frames 31, 33 and 35"; 第 5 帧, 第 4 到 10 帧, 第 31、33、35 帧.
FRAMES = (
    re.compile(r"\b[Ff]rames? ((?:\d+(?:, | and | to |, and )?)+)"),
    re.compile(r"第 ?((?:\d+[ 、，到至和与第帧]*)+)帧"),
)


def sections(text):
    """The heading of the page, and (heading, text) of each section."""
    parts = re.split(r"^## (.*)$", text, flags=re.M)
    return parts[0], list(zip(parts[1::2], parts[2::2]))


def plain_code(code):
    """What a command does, whatever language is asked for, and whoever types his name."""
    code = re.sub(r" --lang zh\b", "", code)
    code = re.sub(r"(--seed) \S+", r"\1 NAME", code)
    return " ".join(code.split())


def blocks(section):
    """Blocks of code as they are typed; of generated ones, what generates them."""
    made = re.findall(r"^<!-- (.*?) -->\n```", section, re.M)
    typed = re.sub(r"^<!-- .*? -->\n```.*?^```$", "", section, flags=re.S | re.M)
    shown = [[plain_code(line.split(" #")[0]) for line in code.splitlines()]
             for code in FENCE.findall(typed)]
    # A line of which only the remark was there.
    return [plain_code(m) for m in made] + [[line for line in code if line and line[0] != "#"]
                                            for code in shown]


def prose(section):
    return FENCE.sub("", section)


def spans(section):
    return sorted({plain_code(s) for s in SPAN.findall(prose(section))})


def numbers(section):
    text = re.sub(r"\(https?:[^)]*\)", "", SPAN.sub("", prose(section)))
    found = {n.replace(",", "") for n in NUMBER.findall(text)}
    return sorted(n for n in found if len(n) > 1)


def different(path, heading, what, one, other):
    lacks = [x for x in one if x not in other]
    more = [x for x in other if x not in one]
    if lacks or more:
        yield f"{path}: {heading}: {what}: lacks {lacks}, has {more}"
    elif one != other:
        yield f"{path}: {heading}: {what}: in another order"


def compare(folder):
    pages = []
    for name in ("README.md", "README.zh-CN.md"):
        path = f"{folder}/{name}"
        if not os.path.exists(path):
            yield f"{path}: is not there"
            return
        with open(path, encoding="utf-8") as f:
            pages.append(sections(f.read()))
    (title, en), (zh_title, zh) = pages
    path = f"{folder}/README.zh-CN.md"
    number = os.path.basename(folder)[:2]
    for page, head in ((f"{folder}/README.md", title), (path, zh_title)):
        if not head.startswith(f"# {number} "):
            yield f"{page}: does not begin with \"# {number} \""
    for page, got, lang in ((f"{folder}/README.md", en, 0), (path, zh, 1)):
        names = [heading for heading, _ in got]
        if names != [h[lang] for h in HEADINGS]:
            yield f"{page}: its headings are {names}"
            return
    for (heading, one), (_, other) in zip(en, zh):
        yield from different(path, heading, "blocks of code", blocks(one), blocks(other))
        yield from different(path, heading, "code", spans(one), spans(other))
        yield from different(path, heading, "numbers", numbers(one), numbers(other))


def frames_in(bin_dir, path):
    run = subprocess.run([f"{bin_dir}/tcpq", "--json", path], capture_output=True, text=True)
    if run.returncode:
        return None
    return next(o["frames"] for o in map(json.loads, run.stdout.splitlines())
                if o["type"] == "capture")


def named(text):
    for pattern in FRAMES:
        for m in pattern.finditer(text):
            yield from map(int, re.findall(r"\d+", m.group(1)))


def check_frames(bin_dir, folder):
    lab = os.path.basename(folder)
    frames = {}
    for path in [f"captures/{lab}.pcapng", *sorted(glob.glob(f"captures/{lab}-*.pcapng"))]:
        frames[os.path.basename(path)] = n = frames_in(bin_dir, path)
        if n is None:
            yield f"{path}: cannot be read, or is not there"
            return
    for name in ("README.md", "README.zh-CN.md", "words.h", "experiment.c"):
        path = f"{folder}/{name}"
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for part in re.split(r"\n(?=\s*\n|- |\d+\. |#)", text):
            files = {f for f in re.findall(r"[0-9]+-[a-z-]+\.pcapng", part) if f in frames}
            most = max(frames[f] for f in files or frames)
            for n in named(part):
                if not 1 <= n <= most:
                    yield f"{path}: frame {n}: there are {most}"


def main():
    bin_dir = sys.argv[1]
    folders = sorted(f for f in glob.glob("labs/*") if os.path.isdir(f))
    wrong = [line for folder in folders
             for line in [*compare(folder), *check_frames(bin_dir, folder)]]
    for line in wrong:
        print(line)
    print(f"{len(folders)} labs, {len(wrong)} things wrong")
    return 1 if wrong or not folders else 0


if __name__ == "__main__":
    sys.exit(main())
