#!/usr/bin/env python3
"""trouble.py [TCPQ]: what tcpq finds the matter with segments, beside what tshark finds.

Reads the corpus of captures at WIRELAB_CORPUS (../shared/corpus), whose oracle holds the frames that
tshark 4.0 flagged.  Prints, per flag, how many frames both have and how many only one of them; every
frame that differs, with the kind of its difference; the kinds, with the reason; and the agreement:

  raw      frames flagged equally, of all that tshark flagged
  without  the same, with the frames set apart where the corpus's README calls tshark a heuristic

A kind is found by rules about the frames themselves, never by the name of a capture.  The facts for
them are read with tshark; without it the differences stay nameless, and that is said.

What tcpq alone knows (duplicate_frame, the checksums) and tshark alone (TCP Fast Open) is not compared.

exit: 0 all differences have a kind, and `without` is at least 97 %;  1 not so;  2 nothing to read
"""
import collections
import glob
import json
import os
import shutil
import subprocess
import sys

ENOUGH = 97.0
FIN, SYN, RST, ACK = 1, 2, 4, 16
COPY_WITHIN = 0.1	# seconds; as in src/model/tcp_judge.c

# kind: (item of the corpus's README that calls tshark a heuristic here, or None; the reason)
KINDS = {
	"captured_twice": (9, "tshark: sent again, or a duplicate ACK. The same packet was captured "
		"twice; nobody sent it twice (identification: RFC 791 3.2)"),
	"dsack": (4, "tshark: duplicate ACK. It reports bytes that came twice, not bytes that are "
		"missing (RFC 2883 4; RFC 5681 2)"),
	"nothing_outstanding": (4, "tshark: duplicate ACK. The other side has nothing outstanding, so "
		"nothing can be missing (RFC 5681 2 (a))"),
	"answers_resent": (4, "tshark: duplicate ACK. It answers a segment that had arrived before, and "
		"asks for nothing (RFC 9293 3.10.7.4; RFC 5681 2)"),
	"sent_again_soon": (1, "tshark: out of order, for it comes soon. All its bytes had passed before, "
		"so it was sent again (RFC 9293 3.8.1; after ICMP: RFC 1191 6.4)"),
	"window_probe": (2, "tshark: keep-alive. The window is closed, so it probes the window, and is "
		"answered by one that still is (RFC 9293 3.8.6.1)"),
	"synack_of_both": (3, "tshark: retransmission. When both sides send a SYN, each must answer with "
		"a SYN+ACK of the same number (RFC 9293 3.5)"),
	"keep_alive_by_ack": (None, "tshark: duplicate ACK. The other side's ACK tells that the byte at "
		"this number was sent, though it never passed: a keep-alive and its answer (RFC 9293 3.8.4)"),
	"reset_again": (None, "tshark: retransmission, for there is text in the RST. A RST is never sent "
		"again, each answers a segment (RFC 9293 3.5.2, 3.5.3)"),
	"isn_anew": (None, "tshark: ports reused. The same SYN is answered once more, under another "
		"number: still one connection of the one who asks (RFC 4987 3.6; RFC 9293 3.10.7.3)"),
	"ack_of_what_passed": (None, "tshark: acknowledges what was not seen. What it acknowledges ends "
		"with a segment that did pass; the gap before was told already (RFC 9293 3.4)"),
	"ack_beyond_all": (None, "tcpq: acknowledges what never passed. No segment that was seen reaches "
		"as far as this ACK; tshark is silent after the first (RFC 9293 3.4)"),
	"frames_not_read": (None, "tcpq cannot read some of the connection's frames (compressed, or in "
		"a tunnel), so their bytes are missing to it"),
}

FIELDS = ["frame.number", "frame.time_epoch", "tcp.stream", "ip.src", "ipv6.src", "tcp.srcport", "tcp.flags",
	  "tcp.seq_raw", "tcp.ack_raw", "tcp.len", "tcp.window_size_value", "tcp.options.sack_le",
	  "tcp.options.sack_re", "ip.id", "tcp.checksum"]
Segment = collections.namedtuple("Segment", "frame time side flags seq ack len window sack id sum end")


def ahead(a, b):
	"""How far b lies ahead of a on the circle of sequence numbers; negative when behind."""
	d = (b - a) & 0xffffffff
	return d - (1 << 32) if d >= 1 << 31 else d


def run_lines(command):
	env = dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC")
	return subprocess.run(command, env=env, capture_output=True, timeout=300).stdout.decode("utf8", "replace").splitlines()


def number(text):
	return int(text.split(",")[-1], 0) if text else 0


def segment(row, a):
	get = dict(zip(FIELDS, row)).get
	flags, seq, length = number(get("tcp.flags")), number(get("tcp.seq_raw")), number(get("tcp.len"))
	source = [(get("ip.src") or get("ipv6.src") or "").split(",")[-1], number(get("tcp.srcport"))]
	sack = [(int(l), int(r)) for l, r in zip(filter(None, get("tcp.options.sack_le").split(",")),
						 filter(None, get("tcp.options.sack_re").split(",")))]
	return Segment(int(get("frame.number")), float(get("frame.time_epoch")), 0 if source == a else 1, flags, seq,
		       number(get("tcp.ack_raw")), length, number(get("tcp.window_size_value")), sack,
		       number(get("ip.id")), number(get("tcp.checksum")),
		       (seq + length + bool(flags & SYN) + bool(flags & FIN)) & 0xffffffff)


def segments_of(path):
	"""tshark's stream number: rows of FIELDS."""
	# Not relative, or the numbers of SACK blocks would be, with no raw field beside them.
	command = ["tshark", "-n", "-2", "-o", "tcp.relative_sequence_numbers:FALSE", "-r", path, "-Y", "tcp",
		   "-T", "fields", "-E", "occurrence=a"]
	for field in FIELDS:
		command += ["-e", field]
	streams = collections.defaultdict(list)
	for line in run_lines(command):
		row = line.split("\t")
		if len(row) == len(FIELDS) and row[2] and "," not in row[2]:
			streams[int(row[2])].append(row)
	return streams


class Place:
	"""One differing frame, with what passed before it in its connection."""

	def __init__(self, frame, segments, ours):
		at = next(i for i, s in enumerate(segments) if s.frame == frame)
		self.s, self.ours = segments[at], ours
		self.mine = [s for s in segments[:at] if s.side == self.s.side]
		self.peers = [s for s in segments[:at] if s.side != self.s.side]

	def says(self, flag, s=None):
		return (s or self.s).frame in self.ours.get(flag, [])

	def is_copy(self):
		# One of two legs may lie before a checksum offload: with an identification, that tells.
		like = lambda s: (s.seq, s.ack, s.flags, s.len, s.window, s.id, s.id or s.sum)
		return self.says("duplicate_frame") and any(
			like(s) == like(self.s) and self.s.time - s.time < COPY_WITHIN for s in self.mine)

	def is_dsack(self):
		k = self.s.sack
		return bool(k) and (ahead(k[0][0], self.s.ack) > 0 or len(k) > 1 and
				    ahead(k[1][0], k[0][0]) >= 0 and ahead(k[0][1], k[1][1]) >= 0)

	def peer_has_nothing_outstanding(self):
		return bool(self.peers) and all(ahead(s.end, self.s.ack) >= 0 for s in self.peers if not s.flags & RST)

	def answers_resent(self):
		return bool(self.peers) and self.peers[-1].end != self.peers[-1].seq and \
			ahead(self.peers[-1].end, self.s.ack) >= 0

	def all_passed_before(self):
		need = self.s.seq
		for s in sorted(self.mine, key=lambda m: ahead(self.s.seq, m.seq)):
			if ahead(s.seq, need) >= 0 and ahead(need, s.end) > 0:
				need = s.end
		return self.s.end != self.s.seq and ahead(self.s.end, need) >= 0

	def window_is_closed(self):
		return bool(self.peers) and self.peers[-1].window == 0

	def both_began(self):
		bare = lambda s: s.flags & (SYN | ACK) == SYN
		return self.s.flags & (SYN | ACK) == SYN | ACK and any(map(bare, self.mine)) and any(map(bare, self.peers))

	def byte_was_acked(self):
		return any(s.flags & ACK and s.ack == (self.s.seq + 1) & 0xffffffff for s in self.peers) and self.s.len <= 1

	def isn_anew(self):
		both = SYN | ACK
		return self.s.flags & both == both and any(
			s.flags & both == both and s.ack == self.s.ack and s.seq != self.s.seq for s in self.mine)

	def ack_ends_what_passed(self):
		return any(s.end == self.s.ack for s in self.peers)

	def ack_is_beyond_all(self):
		return bool(self.peers) and all(ahead(s.end, self.s.ack) > 0 for s in self.peers)


SENT_AGAIN = ("retransmission", "fast_retransmission", "spurious_retransmission", "out_of_order")


def kind_of(flag, only, p):
	"""only: "tshark" or "tcpq"; p: the Place.  None when there is no kind for it."""
	if only == "tshark" and flag in SENT_AGAIN + ("duplicate_ack",) and p.is_copy():
		return "captured_twice"
	if only == "tshark" and flag == "duplicate_ack":
		if p.says("keep_alive") and p.byte_was_acked() or \
		   p.says("keep_alive_ack") and p.says("keep_alive", p.peers[-1]):
			return "keep_alive_by_ack"
		return "dsack" if p.is_dsack() else \
			"nothing_outstanding" if p.peer_has_nothing_outstanding() else \
			"answers_resent" if p.answers_resent() else None
	if only == "tcpq" and flag in ("keep_alive", "keep_alive_ack"):
		asked = p.s if flag == "keep_alive" else p.peers[-1]
		return "keep_alive_by_ack" if p.says("keep_alive", asked) and (asked != p.s or p.byte_was_acked()) else None
	if (flag, only) in (("out_of_order", "tshark"), ("retransmission", "tcpq")):
		return "sent_again_soon" if p.says("retransmission") and p.all_passed_before() else None
	if (flag, only) in (("keep_alive", "tshark"), ("zero_window_probe", "tcpq")):
		return "window_probe" if p.says("zero_window_probe") and p.window_is_closed() else None
	if (flag, only) == ("zero_window_probe_ack", "tcpq"):
		return "window_probe" if p.says("zero_window_probe", p.peers[-1]) and p.s.window == 0 else None
	if (flag, only) == ("retransmission", "tshark"):
		return "reset_again" if p.s.flags & RST else "synack_of_both" if p.both_began() else None
	if (flag, only) == ("reused_ports", "tshark"):
		return "isn_anew" if p.isn_anew() else None
	if (flag, only) == ("ack_lost_segment", "tshark"):
		return "ack_of_what_passed" if p.ack_ends_what_passed() else None
	if (flag, only) == ("ack_lost_segment", "tcpq"):
		return "ack_beyond_all" if p.ack_is_beyond_all() else None
	return None


def records(lines):
	for line in lines:
		try:
			d = json.loads(line)
		except ValueError:
			continue
		if d.get("type") == "tcp":
			yield (tuple(d["a"]), tuple(d["b"]), d["first_frame"]), d


class Score:
	def __init__(self):
		self.both, self.only = collections.Counter(), collections.Counter()
		self.kinds = collections.Counter()
		self.rows, self.nameless, self.apart = [], 0, 0

	def compare(self, name, path, theirs, ours, flags, can_name):
		rows = None
		for key, w in theirs.items():
			g = ours.get(key, {"trouble": {}, "ab": {}, "ba": {}})
			unread = [g[d].get("frames") for d in ("ab", "ba")] != [w[d]["frames"] for d in ("ab", "ba")]
			for flag in flags:
				x, y = (set(t.get(flag, [])) for t in (w["tshark"]["frames"], g["trouble"]))
				self.both[flag] += len(x & y)
				for frame in sorted(x ^ y):
					only = "tshark" if frame in x else "tcpq"
					kind = "frames_not_read" if unread else None
					if not kind and can_name:
						rows = rows or segments_of(path)
						whole = [segment(r, w["a"]) for r in rows[w["stream"]]]
						kind = kind_of(flag, only, Place(frame, whole, g["trouble"]))
					self.differ(name, w["stream"], frame, flag, only, kind)

	def differ(self, name, stream, frame, flag, only, kind):
		self.only[flag, only] += 1
		self.rows.append((name, stream, frame, flag, only, kind or "?"))
		self.kinds[kind, only] += 1
		self.nameless += kind is None
		self.apart += only == "tshark" and kind is not None and KINDS[kind][0] is not None


def percent(part, whole):
	return 100 * part / whole if whole else 100.0


def main():
	tcpq = sys.argv[1] if len(sys.argv) > 1 else "build/debug/bin/tcpq"
	corpus = os.environ.get("WIRELAB_CORPUS", "../shared/corpus")
	oracles = sorted(glob.glob(os.path.join(corpus, "oracle", "*.jsonl")))
	if not oracles or not shutil.which(tcpq):
		print(f"no corpus at {corpus}, or no {tcpq}", file=sys.stderr)
		return 2
	can_name = shutil.which("tshark") is not None
	work = []
	for oracle in oracles:
		name = os.path.basename(oracle)[:-len(".jsonl")]
		path = os.path.join(corpus, "pcaps", name)
		with open(oracle) as f:
			work.append((name, path, dict(records(f)), dict(records(run_lines([tcpq, "--json", path])))))
	theirs = {f for _, _, w, _ in work for d in w.values() for f in d["tshark"]["frames"]}
	mute = {f for f in theirs if f.startswith("tfo_")}
	ours = {"zero_window_probe", "zero_window_probe_ack"}
	score = Score()
	for name, path, w, g in work:
		score.compare(name, path, w, g, sorted((theirs | ours) - mute), can_name)

	print(f"{'capture':58} {'stream':>6} {'frame':>6}  {'flag':24} {'only':7} kind")
	for name, stream, frame, flag, only, kind in score.rows:
		print(f"{name:58} {stream:6} {frame:6}  {flag:24} {only:7} {kind}")
	print(f"\n{'flag':24} {'both':>6} {'only tshark':>12} {'only tcpq':>10}")
	for flag in sorted((theirs | ours) - mute):
		print(f"{flag:24} {score.both[flag]:6} {score.only[flag, 'tshark']:12} {score.only[flag, 'tcpq']:10}")
	print("\nkinds: README's item, frames that only tshark and only tcpq flag")
	for kind, (item, why) in KINDS.items():
		t, q = score.kinds[kind, "tshark"], score.kinds[kind, "tcpq"]
		if t or q:
			print(f"  {kind:20} {item or '-'} {t:5} {q:4}  {why}")
	both = sum(score.both.values())
	flagged = both + sum(n for (_, only), n in score.only.items() if only == "tshark")
	raw, without = percent(both, flagged), percent(both, flagged - score.apart)
	print(f"\nraw:     {both} of {flagged} = {raw:.2f} %")
	print(f"without: {both} of {flagged - score.apart} = {without:.2f} % ({score.apart} set apart)")
	if not can_name:
		print("skip - naming the differences needs tshark")
		return 0
	if score.nameless:
		print(f"{score.nameless} differences have no kind")
	return 1 if score.nameless or without < ENOUGH else 0


if __name__ == "__main__":
	sys.exit(main())
