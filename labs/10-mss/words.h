/* words.h - what is asked, told and hinted in lab 10, in both languages (lab.h: struct both) */

/* ---- claims --------------------------------------------------------------------------------- */

#define CLAIM_ANNOUNCED BOTH( \
	"In the first connection each SYN announces an MSS of 1460: the MTU of 1500 less 40.", \
	"第一个连接：双方的 SYN 都宣告 MSS 为 1460，即 MTU 1500 减去 40。")

#define CLAIM_CUT BOTH( \
	"What one send() was given leaves in full segments of the MSS, and a rest.", \
	"一次 send() 交出的数据按 MSS 切成若干装满的报文段，外加一段余数。")

#define CLAIM_WHOLE BOTH( \
	"TCP has cut it, not IP: no frame is a fragment, and each forbids cutting (DF).", \
	"切分的是 TCP 而不是 IP：没有任何一帧是分片，而且每一帧都禁止分片（DF）。")

#define CLAIM_CLAMPED BOTH( \
	"In the second connection the SYN+ACK that alice gets names a lower MSS, and no segment " \
	"of hers is larger.", \
	"第二个连接：alice 收到的 SYN+ACK 里 MSS 变小了，她的报文段都不超过它。")

#define CLAIM_ON_THE_WAY BOTH( \
	"It was lowered on the way: either side had sent 1460 in its own SYN.", \
	"MSS 是在途中被调低的：双方自己发出的 SYN 里都是 1460。")

#define CLAIM_OWN_MTU BOTH( \
	"In the third connection each side announces its own MTU less 40; alice's is larger.", \
	"第三个连接：双方各自宣告自己的 MTU 减 40，alice 的较大。")

#define CLAIM_OBEYED BOTH( \
	"alice keeps to bob's, though her own MTU would carry more.", \
	"alice 遵守 bob 的 MSS，尽管她自己的 MTU 可以装得更多。")

/* ---- questions -------------------------------------------------------------------------------- */

#define ASK_FIRST { { \
	"alice and bob have Ethernet cards: their MTU is 1500. alice's program hands {bytes} bytes " \
	"to one send(). How many of them are in the first frame that carries data?", \
	"alice 和 bob 用以太网卡，MTU 都是 1500。alice 的程序用一次 send() 交出 {bytes} 字节。第一个带" \
	"数据的帧里有其中多少字节？" } }

#define MTU_IS_DATA { { \
	"The MTU counts the whole IP packet: its 20 bytes of header, and the 20 of TCP's. Add " \
	"them to tcp.len and compare with ip.len.", \
	"MTU 算的是整个 IP 包，其中包括 IP 首部 20 字节和 TCP 首部 20 字节。把它们与 tcp.len 相加，" \
	"再与 ip.len 比较。" } }

#define ONE_HEADER_ONLY { { \
	"That leaves room for IP's header, but TCP's 20 bytes are in the packet, too. For a UDP " \
	"datagram it would be 8 (lab 11).", \
	"这只扣除了 IP 首部，但包里还有 TCP 首部的 20 字节。如果是 UDP，则只占 8 字节（实验 11）。" } }

#define ONE_SEND_ONE_FRAME { { \
	"That is \"one send, one packet\": but no frame of this network is larger than 1514 " \
	"bytes. On 127.0.0.1, whose MTU is 65536, it would come true: see \"Change something\".", \
	"这是“一次 send 一个包”的想法：但这个网络里没有超过 1514 字节的帧。在 MTU 为 65536 的 " \
	"127.0.0.1 上它才成立，见“改一改”。" } }

#define WHY_FIRST { { \
	"The MSS that bob announced: the MTU of 1500, less 20 bytes for IP's header and 20 for TCP's.", \
	"等于 bob 宣告的 MSS：MTU 1500 减去 IP 首部 20 字节和 TCP 首部 20 字节。" } }

#define ASK_SEGMENTS { { \
	"And in how many segments do the {bytes} bytes leave?", \
	"这 {bytes} 字节分成几个报文段发出？" } }

#define REST_FORGOTTEN { { \
	"So many are full. What is left over needs one more.", \
	"装满的是这么多，剩下的余数还需要一个。" } }

#define WHY_SEGMENTS { { \
	"{bytes} divided by 1460, rounded up: the last one carries the rest.", \
	"{bytes} 除以 1460，向上取整：最后一个装余数。" } }

#define ASK_WHO { { \
	"Who cuts the {bytes} bytes into pieces?", \
	"是谁把这 {bytes} 字节切开的？" } }

#define CUTTER_IP { { \
	"IP in alice's kernel, into fragments", \
	"alice 内核里的 IP，切成分片" } }

#define CUTTER_TCP { { \
	"TCP in alice's kernel, into segments", \
	"alice 内核里的 TCP，切成报文段" } }

#define CUTTER_CARD { { \
	"alice's network card", \
	"alice 的网卡" } }

#define CUTTER_WIRE { { \
	"the first device on the way for which they are too large", \
	"途中第一个装不下它们的设备" } }

#define BY_IP { { \
	"Fragments would have an offset or the MF bit: the filter ip.flags.mf == 1 || " \
	"ip.frag_offset > 0 finds none. IP cuts what UDP does not (lab 11).", \
	"分片会有偏移量或 MF 位：用 ip.flags.mf == 1 || ip.frag_offset > 0 过滤，一个也没有。UDP 不切的" \
	"数据才由 IP 来切（实验 11）。" } }

#define BY_CARD { { \
	"Many real cards do it for TCP (TSO), and then a capture on the sender shows frames of up " \
	"to 64 kB (lab 26). Here that is off: the frames are cut when they reach the card.", \
	"许多真实网卡确实会替 TCP 做这件事（TSO），那时在发送方抓包会看到最大 64 kB 的帧（实验 26）。" \
	"这里关闭了这一功能：到达网卡时就已经切好。" } }

#define BY_WIRE { { \
	"The capture was taken at alice's own card, and they are cut there already. DF forbids " \
	"everybody else to do it.", \
	"抓包的位置就是 alice 自己的网卡，在那里就已经切好了。DF 禁止其他任何设备再切。" } }

#define WHY_WHO { { \
	"Every piece has a TCP header of its own, with a sequence number of its own: each can be " \
	"lost, sent again and acknowledged by itself.", \
	"每一段都有自己的 TCP 首部和自己的序号，可以单独丢失、重传和确认。" } }

#define ASK_NARROW { { \
	"In the third connection bob's MTU is {mtu}; alice's is still 1500. Her program hands {fewer} " \
	"bytes to send(). How many of them are in the first segment?", \
	"第三个连接里 bob 的 MTU 是 {mtu}，alice 的仍是 1500。她的程序用一次 send() 交出 {fewer} 字节。" \
	"第一个报文段里有其中多少字节？" } }

#define OWN_MTU_ALONE { { \
	"Her own MTU is not the only limit: bob said in his SYN+ACK how much a segment to him " \
	"may carry.", \
	"她自己的 MTU 不是唯一的上限：bob 在 SYN+ACK 里说明了发给他的报文段最多带多少数据。" } }

#define WHY_NARROW { { \
	"bob's MSS: his MTU less 40. A sender takes the smaller of what the other announced and " \
	"what its own MTU allows.", \
	"bob 的 MSS，即他的 MTU 减 40。发送方取“对方宣告的”与“自己的 MTU 允许的”两者中较小的一个。" } }

/* ---- notices ------------------------------------------------------------------------------------ */

#define NOTICE_SYN { { \
	"Notice: MSS 1460 is the largest payload that alice wants to get in one segment. It is an " \
	"announcement for the other direction, not a negotiation.", \
	"注意：MSS 1460 表示 alice 希望收到的单个报文段的最大数据量。它是针对反方向的宣告，并不是协商。" } }

#define NOTICE_FIRST { { \
	"Notice: 1460 bytes, and 20 for TCP's header and 20 for IP's are 1500, the MTU; Ethernet's " \
	"14 are not counted in it. DF is set, so nobody may cut this packet further.", \
	"注意：1460 字节加上 TCP 首部 20 字节和 IP 首部 20 字节正好是 1500，即 MTU；以太网首部的 14 字节" \
	"不算在内。DF 置位，谁也不能再切这个包。" } }

#define NOTICE_REST { { \
	"Notice: the rest of the {bytes} bytes. It is not full, and leaves all the same while " \
	"nothing before it is acknowledged: Linux holds back a small segment only behind another small one.", \
	"注意：{bytes} 字节的余数。它没有装满，前面的数据也都未被确认，却照样发出：Linux 只有在前面还有" \
	"另一个未确认的小报文段时才扣住小报文段。" } }

#define NOTICE_LOWERED { { \
	"Notice: {clamp}, though bob's MTU is 1500; his own capture shows that he sent 1460. alice " \
	"cannot tell whose wish it was, and keeps to what arrived.", \
	"注意：bob 的 MTU 是 1500，这里却是 {clamp}；他那边的抓包显示他发出的是 1460。alice 无从知道这是谁" \
	"的意思，只遵守收到的数值。" } }

#define NOTICE_NARROW { { \
	"Notice: bob's MTU is {mtu} now, and his MSS is that less 40. alice's SYN said 1460: the two " \
	"directions need not be the same.", \
	"注意：bob 的 MTU 现在是 {mtu}，他的 MSS 就是它减 40。alice 的 SYN 里是 1460：两个方向不必相同。" } }

#define NOTICE_OBEYED { { \
	"Notice: a packet of {mtu} bytes, although alice's card would take 1500.", \
	"注意：这个包是 {mtu} 字节，尽管 alice 的网卡可以发 1500 字节。" } }

/* ---- hints -------------------------------------------------------------------------------------- */

#define HINT_SYN { { \
	"Filter with tcp.flags.syn == 1 and add the column tcp.options.mss_val: six frames, six MSS.", \
	"用 tcp.flags.syn == 1 过滤，再加一列 tcp.options.mss_val：六帧，六个 MSS。" } }

#define HINT_FILTER { { \
	"Filter with tcp.len > 0 and compare tcp.len with ip.len and frame.len: 40 and 54 bytes of " \
	"headers.", \
	"用 tcp.len > 0 过滤，比较 tcp.len、ip.len 与 frame.len：首部是 40 字节和 54 字节。" } }

#define HINT_SUM { { \
	"The tcp.len of the first connection add up to {bytes}, those of either other one to {fewer}.", \
	"第一个连接的 tcp.len 之和是 {bytes}，另外两个连接各是 {fewer}。" } }

#define HINT_PORTS { { \
	"The plain connection goes to port {port0}, the one whose SYNs are changed on the way to " \
	"{port1}, the one to the smaller MTU to {port2}.", \
	"普通的连接到端口 {port0}，SYN 在途中被修改的连接到 {port1}，bob 的 MTU 较小的连接到 {port2}。" } }

#define TITLE { { \
	"Cut to fit: MSS and MTU", \
	"量体裁衣：MSS 与 MTU" } }

#define EXPLAIN { { \
	"The MTU is what a link carries: the largest IP packet. The MSS is what a host wants to get: " \
	"the largest payload of a TCP segment, announced once, in the SYN, as the MTU less 40 " \
	"(RFC 9293 3.7.1). TCP takes the smaller of the other's MSS and what its own MTU " \
	"allows, and cuts the stream of bytes itself, so IP never has to. Options of TCP take " \
	"their place from the data: with timestamps (12 bytes) a full segment carries 1448.\n\n" \
	"\"Data larger than the MTU is split\" is therefore too short in three ways. It is the MSS that " \
	"counts, and it can be smaller than one's own MTU says. What is split is not the message, for " \
	"TCP knows none, but the bytes that wait. And where the MTU is large, nothing is split: " \
	"127.0.0.1 has an MTU of 65536, so programs that are tried out on one machine never show " \
	"it, and read in pieces for other reasons (lab 08).\n\n" \
	"A link in the middle with a smaller MTU is in nobody's SYN. Either a router there lowers " \
	"the MSS in passing, as in the second connection, which is what home routers on PPPoE do; " \
	"or, because of DF, it sends back \"too big\", and the sender has to believe it (lab 25). UDP has " \
	"no MSS, and is cut by IP (lab 11).", \
	"MTU 是链路能承载的最大 IP 包。MSS 是主机希望收到的 TCP 报文段的最大数据量，只在 SYN 里宣告一次，" \
	"等于 MTU 减 40（RFC 9293 3.7.1）。TCP 取“对方的 MSS”与“自己的 MTU 允许的”两者中较小" \
	"的一个，自己切分字节流，所以不必由 IP 来切。TCP 选项要占用数据的位置：带时间戳（12 字节）时，" \
	"装满的报文段只有 1448 字节数据。\n\n" \
	"所以“数据大于 MTU 就会被拆分”这句话有三处不够准确。起作用的是 MSS，它可能比自己的 MTU 所允许的" \
	"还小。被切分的不是消息（TCP 没有消息），而是等待发送的字节。而且 MTU 很大时根本不切：127.0.0.1 的 " \
	"MTU 是 65536，在一台机器上试程序时看不到切分，分几次才读完是另有原因（实验 08）。\n\n" \
	"如果中间某段链路的 MTU 更小，谁的 SYN 里都不会写。要么那里的路由器顺手调低 MSS，就像第二个连接那" \
	"样，使用 PPPoE 的家用路由器正是这么做的；要么因为 DF，它回一个“太大”，由发送方自己改小（实验 " \
	"25）。UDP 没有 MSS，只好由 IP 来切（实验 11）。" } }
