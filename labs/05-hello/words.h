/* words.h - what is claimed, asked and told in lab 05, in both languages (lab.h: struct both) */

#define CLAIM_PLUS_ONE BOTH( \
	"First port: each side acknowledges the other's first number plus one.", \
	"第一个端口：双方各自确认对方的初始序号加一。")

#define CLAIM_OPTIONS BOTH( \
	"SYN and SYN+ACK both carry the options MSS and window scale.", \
	"SYN 与 SYN+ACK 都带有 MSS 和窗口扩大选项。")

#define CLAIM_SYN_AGAIN BOTH( \
	"Second port: a SYN that gets no answer is sent again, with the same number.", \
	"第二个端口：没有得到应答的 SYN 会重发，序号不变。")

#define CLAIM_ONE_SECOND BOTH( \
	"It is sent again about one second later.", \
	"重发大约在一秒之后。")

#define CLAIM_LOOKS_ALIKE BOTH( \
	"Third port: seen from alice, a lost SYN+ACK looks like a lost SYN.", \
	"第三个端口：从 alice 看来，丢了 SYN+ACK 与丢了 SYN 没有两样。")

#define CLAIM_BOB_KNOWS BOTH( \
	"Seen from bob, his SYN+ACK is sent again because the SYN came again.", \
	"从 bob 看来，SYN 再次到来，所以他再次发出 SYN+ACK。")

#define CLAIM_DATA_GOES_ON BOTH( \
	"Fourth port: the third segment is lost, and the data is acknowledged all the same.", \
	"第四个端口：第三个报文段丢了，数据照样得到确认。")

#define CLAIM_DATA_SAYS_IT BOTH( \
	"What completes the handshake at bob is the data: it carries the same ACK.", \
	"在 bob 处完成握手的是数据：它带着同样的 ACK。")

#define CLAIM_CROSSING BOTH( \
	"Fifth port: both sides send a SYN before they have heard of the other's.", \
	"第五个端口：双方都在听到对方的 SYN 之前发出了自己的 SYN。")

#define CLAIM_ONE_CONNECTION BOTH( \
	"They make one connection: each SYN+ACK repeats its own number and acknowledges the " \
	"other's.", \
	"它们合成一个连接：每个 SYN+ACK 都重复自己的序号，并确认对方的序号。")

#define WHEN_200_MS { { "after about 200 ms", "大约 200 毫秒之后" } }
#define WHEN_1_S { { "after about 1 s", "大约 1 秒之后" } }
#define WHEN_3_S { { "after about 3 s", "大约 3 秒之后" } }
#define WHEN_NEVER { { \
	"never: the program has to call connect() again", \
	"永远不会：程序必须再次调用 connect()" } }

#define ASK_PLUS { { \
	"A SYN carries no data. By how much is the acknowledgment number of the SYN+ACK " \
	"larger than the sequence number of the SYN?", \
	"SYN 不带数据。SYN+ACK 的确认号比 SYN 的序号大多少？" } }

#define A_SYN_IS_NOTHING { { \
	"That is \"only data is counted\": but then nobody could tell an acknowledged SYN " \
	"from one that was lost. Compare the raw numbers of frames 1 and 2.", \
	"这是“只有数据才计数”的想法：那样就无法区分 SYN 已被确认还是丢失了。比较第 1、2 帧的" \
	"原始序号。" } }

#define WHY_PLUS { { \
	"A SYN takes one sequence number, as a FIN does: so it can be acknowledged, and sent " \
	"again when it is not.", \
	"SYN 与 FIN 一样占用一个序号：这样它才能被确认，没有确认才能重发。" } }

#define ASK_AGAIN { { \
	"alice's SYN is lost on the way. When does her kernel send it again?", \
	"alice 的 SYN 在途中丢失。她的内核什么时候重发？" } }

#define AS_DATA { { \
	"That is Linux's smallest timeout for data, once round trips have been measured. Of " \
	"this path nothing is known yet.", \
	"那是 Linux 在测得往返时间之后对数据使用的最小超时。而此时对这条路径还一无所知。" } }

#define AS_IT_WAS_ONCE { { \
	"So it was until 2011: RFC 6298 has replaced the 3 s of RFC 1122. Compare the times " \
	"of frames 8 and 9.", \
	"2011 年以前确实如此：RFC 6298 取代了 RFC 1122 的 3 秒。比较第 8、9 帧的时间。" } }

#define PROGRAMS_CARE { { \
	"The program has called connect() once, and frame 9 shows that the kernel tries " \
	"again by itself. A program can only give up sooner.", \
	"程序只调用了一次 connect()，而第 9 帧说明内核会自己重试。程序能做的只是提前放弃。" } }

#define WHY_AGAIN { { \
	"RFC 6298 2.1: until a round trip has been measured, the timeout is one second.", \
	"RFC 6298 2.1：测得往返时间之前，超时定为一秒。" } }

#define ASK_SYNACK { { \
	"Now bob's first SYN+ACK is lost. How many SYNs does alice send until she has an " \
	"answer?", \
	"现在丢失的是 bob 的第一个 SYN+ACK。alice 得到应答之前一共发出几个 SYN？" } }

#define BOB_CARES { { \
	"That is \"who lost it repeats it\": bob has a timer, too, but alice cannot tell " \
	"which of the two was lost. Hers was first here, and bob answered again at once.", \
	"这是“谁丢的谁重发”的想法：bob 也有定时器，但 alice 分不清丢的是哪一个。这里她的定时" \
	"器先到时，bob 随即再次应答。" } }

#define WHY_SYNACK { { \
	"No answer is no answer: her SYN comes again, and bob answers it again with the same " \
	"number. Only the capture at bob shows which of them was lost.", \
	"没有应答就是没有应答：她重发 SYN，bob 以同样的序号再次应答。只有 bob 处的抓包才能说" \
	"明丢的是哪一个。" } }

#define ASK_ACK { { \
	"Now the third segment is lost, alice's ACK, and her program writes {bytes} bytes. " \
	"How many of these bytes does bob acknowledge, although nobody sends anything twice?", \
	"现在丢失的是第三个报文段，即 alice 的 ACK，而她的程序写入 {bytes} 字节。在谁也没有重" \
	"发的情况下，bob 会确认其中的多少字节？" } }

#define THREE_OR_NOTHING { { \
	"That is \"no connection without the third segment\": but every segment from then on " \
	"carries the same ACK. Look at the fourth port.", \
	"这是“没有第三个报文段就没有连接”的想法：但此后的每个报文段都带着同样的 ACK。看第四个" \
	"端口。" } }

#define SYN_IS_DATA { { \
	"The SYN's number had been acknowledged by the SYN+ACK. What is new are the bytes.", \
	"SYN 的序号早已由 SYN+ACK 确认。新确认的只有数据。" } }

#define WHY_ACK { { \
	"alice has been in ESTABLISHED since the SYN+ACK came, so she sends; and the ACK in " \
	"her data says all that the lost one said.", \
	"SYN+ACK 一到，alice 就进入 ESTABLISHED，所以她可以发送；数据里的 ACK 说的正是丢失的" \
	"那个 ACK 要说的。" } }

#define NOTICE_PLUS_ONE { { \
	"Notice: the acknowledgment number is the SYN's number plus one, although it carried " \
	"no byte. Wireshark shows both as relative numbers; the raw ones stand below them.", \
	"注意：SYN 没有带任何数据，确认号却是它的序号加一。Wireshark 显示的是相对序号，原始序" \
	"号在它下面。" } }

#define NOTICE_RTO { { \
	"Notice the time: one second after the first, because nothing is known of the path " \
	"yet (RFC 6298 2.1). The number is the same: it is the same SYN.", \
	"注意时间：在第一个之后一秒，因为对这条路径还一无所知（RFC 6298 2.1）。序号相同：这是" \
	"同一个 SYN。" } }

#define NOTICE_ONLY_SYN { { \
	"Notice: seen from bob this is the first SYN, and nothing is wrong. That another one " \
	"was lost before it is known to alice alone.", \
	"注意：从 bob 看来这就是第一个 SYN，一切正常。在它之前还丢过一个，只有 alice 知道。" } }

#define NOTICE_LOOKS_ALIKE { { \
	"Notice: here this looks exactly like the second connection. But alice's first SYN " \
	"has arrived, late; lost is bob's answer, which is in no capture but his.", \
	"注意：在这里看来与第二个连接一模一样。但 alice 的第一个 SYN 其实到了，只是晚了；丢的" \
	"是 bob 的应答，只有他自己的抓包里才有。" } }

#define NOTICE_SECOND_AT_BOB { { \
	"Notice: alice has waited for a whole second; here less has passed, for her first " \
	"SYN was late. So bob has not waited long enough to send his SYN+ACK again by " \
	"himself.", \
	"注意：alice 等了整整一秒；这里看到的间隔短一些，因为她的第一个 SYN 晚到了。所以 bob " \
	"自己的定时器还没有到时。" } }

#define NOTICE_ASKED_AGAIN { { \
	"Notice: asked again, bob answers again, without waiting for his own timer. The " \
	"number is the same: it is the same connection.", \
	"注意：对方再问，bob 就再答，不必等自己的定时器。序号相同：这是同一个连接。" } }

#define NOTICE_DATA { { \
	"Notice: alice sends at once. For her the handshake is complete, and she will never " \
	"know that its third segment was lost.", \
	"注意：alice 立即发送。对她来说握手已经完成，她永远不会知道第三个报文段丢了。" } }

#define NOTICE_DATA_AT_BOB { { \
	"Notice: nothing of alice's came between the SYN+ACK and this. Its ACK completes the " \
	"handshake, and its {bytes} bytes are accepted at once.", \
	"注意：在 SYN+ACK 与这一帧之间，alice 的报文段一个也没有到。这一帧的 ACK 完成了握手，" \
	"它的 {bytes} 字节也立即被接受。" } }

#define NOTICE_CROSSING { { \
	"Notice: no ACK in it. Each has asked before it heard the other ask; nobody listens, " \
	"and nobody is the server.", \
	"注意：它不带 ACK。双方都在听到对方之前就发出了请求；没有人在监听，也没有谁是服务器。" } }

#define NOTICE_OWN_SYNACK { { \
	"Notice: its own SYN once more, with the same number, now with an ACK of the " \
	"other's. Wireshark calls it a retransmission: it has seen this number before.", \
	"注意：这是自己的 SYN 再发一次，序号相同，并带上了对对方 SYN 的 ACK。Wireshark 称之为" \
	"重传，因为这个序号它已经见过。" } }

#define NOTICE_HAS_IT { { \
	"Notice the SACK block: it names the SYN's number, which came for the second time. " \
	"Nothing waits for this ACK: the one in the SYN+ACK has completed the handshake.", \
	"注意 SACK 块：它指出 SYN 的序号是第二次收到。没有谁在等这个 ACK：SYN+ACK 里的 ACK 已" \
	"经完成了握手。" } }

#define NOTICE_LOST_THIRD { { \
	"Notice: alice is in ESTABLISHED now. bob is still in SYN-RECEIVED, and neither of " \
	"them knows of the difference.", \
	"注意：alice 现在处于 ESTABLISHED，bob 还处于 SYN-RECEIVED，而双方都不知道这个差别。" } }

#define HINT_FILTER { { \
	"Filter with tcp.flags.syn == 1: only what opens connections is left.", \
	"用 tcp.flags.syn == 1 过滤，只剩打开连接的帧。" } }

#define HINT_NUMBERS { { \
	"Wireshark counts from 0 in each connection. The numbers of the headers are " \
	"tcp.seq_raw and tcp.ack_raw.", \
	"Wireshark 在每个连接里从 0 数起。首部里的原始数字是 tcp.seq_raw 和 tcp.ack_raw。" } }

#define HINT_BOB { { \
	"There are two captures. Compare the connection to port {port2} in both: what is " \
	"lost behind the one card never came to the other.", \
	"抓包有两份。比较两份里到端口 {port2} 的连接：在一块网卡之后丢失的，另一块网卡就看不" \
	"到。" } }

#define TITLE { { "Hello in three", "三次握手" } }

#define EXPLAIN { { \
	"Each side draws an initial sequence number, tells it in a SYN, and must see it " \
	"acknowledged. Two SYNs and two ACKs; the middle two share a segment, so three are " \
	"enough (RFC 9293 3.5). A SYN takes a number of its own, so that it can be " \
	"acknowledged and sent again like data.\n\n" \
	"Whoever waits for an answer has a timer, and that is all there is to losses: a SYN " \
	"or a SYN+ACK without an answer is sent again with the same number, after one second " \
	"(RFC 6298 2.1) and then after longer and longer (Linux since 6.5 keeps to one " \
	"second for the first four). Who waits cannot know whether the question or the " \
	"answer was lost, and need not: the other side answers a repeated question again. To " \
	"know, capture at both ends.\n\n" \
	"The third segment has no timer, for an ACK is never acknowledged. It need not have " \
	"one: alice's data carries the same ACK, and when she has nothing to say, bob's " \
	"timer runs out and his SYN+ACK asks again.\n\n" \
	"Two that call each other at once make one connection with four segments (RFC 9293 " \
	"3.5), and both end in ESTABLISHED. Peers that punch holes into NATs count on it. " \
	"What Linux adds is an ACK each, for the SYN that came twice.", \
	"双方各选一个初始序号，用 SYN 告诉对方，并且必须看到它被确认。两个 SYN、两个 ACK，中" \
	"间两个合在一个报文段里，所以三个就够了（RFC 9293 3.5）。SYN 占用一个序号，这样才能像" \
	"数据一样被确认、被重发。\n\n" \
	"等待应答的一方有定时器，丢失的事全靠它：没有得到应答的 SYN 或 SYN+ACK 以同样的序号重" \
	"发，先是一秒之后（RFC 6298 2.1），以后越等越久（Linux 6.5 起，前四次都只等一秒）。等" \
	"的一方无从知道丢的是问还是答，也不必知道：再问一次，对方就再答一次。想知道，就在两端" \
	"都抓包。\n\n" \
	"第三个报文段没有定时器，因为 ACK 从不被确认。它也不需要：alice 的数据带着同样的 " \
	"ACK；如果她没有话说，bob 的定时器会到时，用 SYN+ACK 再问一次。\n\n" \
	"双方同时呼叫对方，则用四个报文段建立一个连接（RFC 9293 3.5），两端都进入 " \
	"ESTABLISHED。穿越 NAT 的程序就靠它。Linux 还会各自再发一个 ACK，因为 SYN 来了两次。" } }
