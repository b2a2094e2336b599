/* words.h - what is asked, told and hinted in lab 09, in both languages (lab.h: struct both) */

#define RELEASE_TIMER { { \
	"a timer runs out", \
	"定时器到时" } }

#define RELEASE_ACK { { \
	"the ACK of the first segment arrives", \
	"收到对第一个报文段的 ACK" } }

#define RELEASE_FULL { { \
	"enough bytes have come together", \
	"攒够了字节" } }

#define RELEASE_SEND { { \
	"the program calls send() again", \
	"程序再次调用 send()" } }

#define ASK_SEGMENTS { { \
	"alice's program calls send() {writes} times, {bytes} byte(s) each, without a pause. " \
	"How many segments with data does she send?", \
	"alice 的程序不停顿地调用 {writes} 次 send()，每次 {bytes} 字节。她会发出几个带数据的" \
	"报文段？" } }

#define ONE_SEND_ONE_SEGMENT { { \
	"That is \"one send, one segment\": but send() only puts bytes into the kernel's " \
	"buffer. The second connection shows when it comes true.", \
	"这是“一次 send 一个报文段”的想法：send() 只是把字节放进内核缓冲区。第二个连接说明什" \
	"么时候它才成立。" } }

#define COLLECTED_FIRST { { \
	"That is \"the kernel collects first\": but while nothing is unacknowledged, there " \
	"is nothing to wait for. Look at the first data frame: it left at the time of the " \
	"first send().", \
	"这是“内核先攒着再发”的想法：没有未确认的数据时无须等待。看第一个数据帧：它在第一次 " \
	"send() 时就发出了。" } }

#define WHY_SEGMENTS { { \
	"The first write finds nothing unacknowledged and leaves. The others find that, and " \
	"wait together until it is acknowledged.", \
	"第一次写入时没有未确认的数据，于是立即发出；其余各次则要一起等到它被确认。" } }

#define ASK_SECOND { { \
	"How many bytes of data are in the second of these segments (0: there is none)?", \
	"其中第二个报文段带多少字节数据（没有则填 0）？" } }

#define BOUNDARIES_KEPT { { \
	"TCP keeps no boundaries of writes: what waits in the buffer is simply bytes, and " \
	"leaves together.", \
	"TCP 不保留写入的边界：缓冲区里等着的只是字节，会一起发出。" } }

#define FIRST_AMONG_THEM { { \
	"The first write is not among them: it had left already.", \
	"第一次写入不在其中：它早已发出。" } }

#define WHY_SECOND { { \
	"All that was written while the first segment was on its way.", \
	"第一个报文段在途期间写入的全部数据。" } }

#define ASK_RELEASE { { \
	"What makes the second segment leave?", \
	"是什么让第二个报文段发出？" } }

#define BY_TIMER { { \
	"Nagle's rule has no timer. Compare the times: the segment leaves in the instant in " \
	"which the ACK arrives.", \
	"纳格算法没有定时器。比较时间即可看出：报文段正是在 ACK 到达的那一刻发出的。" } }

#define BY_FULL { { \
	"A full segment would leave, but {writes} writes are far from filling one.", \
	"装满一个报文段确实会发出，但这 {writes} 次写入远远装不满。" } }

#define BY_SEND { { \
	"Each further send() found the first segment still unacknowledged.", \
	"之后的每次 send() 时，第一个报文段都还没有被确认。" } }

#define WHY_RELEASE { { \
	"RFC 896: while something is unacknowledged, a small segment waits for the ACK.", \
	"RFC 896：只要还有未确认的数据，小报文段就要等待 ACK。" } }

#define ASK_NODELAY { { \
	"And with TCP_NODELAY set: how many segments with data?", \
	"如果设置了 TCP_NODELAY：带数据的报文段有几个？" } }

#define STILL_NAGLE { { \
	"That would be Nagle's rule, which this option switches off.", \
	"那是纳格算法的结果，而这个选项正是关闭它的。" } }

#define WHY_NODELAY { { \
	"Nothing is held back: each write leaves as it comes.", \
	"没有数据被扣留：每次写入随到随发。" } }

#define NOTICE_FIRST { { \
	"Notice: {bytes} byte(s) in a frame of their own. The program has called send() " \
	"{writes} times by now; the rest waits in alice's kernel.", \
	"注意：这一帧只带 {bytes} 字节。此时程序已经调用了 {writes} 次 send()，其余数据在 " \
	"alice 的内核里等待。" } }

#define NOTICE_RELEASED { { \
	"Notice: all the other writes, in one segment. No receiver can tell how many there " \
	"were.", \
	"注意：其余各次写入都在这一个报文段里。接收方无从知道原来写了几次。" } }

#define NOTICE_NODELAY { { \
	"Notice: the same program with TCP_NODELAY. Now nothing waits; each write costs a " \
	"frame of headers.", \
	"注意：同一个程序，设置了 TCP_NODELAY。现在什么都不等，每次写入都要付出一整帧的首部。" } }

#define HINT_FILTER { { \
	"Filter with tcp.len > 0: only frames with data are left.", \
	"用 tcp.len > 0 过滤，只剩带数据的帧。" } }

#define HINT_TIMES { { \
	"Compare the time of the second data frame with that of the ACK before it.", \
	"比较第二个数据帧与它前面那个 ACK 的时间。" } }

#define HINT_PORTS { { \
	"The first connection goes to port {port0}, the one with TCP_NODELAY to {port1}.", \
	"第一个连接到端口 {port0}，设置了 TCP_NODELAY 的连接到 {port1}。" } }

#define TITLE { { \
	"Nagle's waiting room", \
	"纳格算法的候车室：小写入的合并" } }

#define EXPLAIN { { \
	"Nagle's rule (RFC 896, RFC 1122 4.2.3.4): while data is unacknowledged, a segment " \
	"that is not full waits, until the ACK comes or it is full. So the network decides " \
	"how much is merged: the longer an ACK takes, the more writes share a segment. No " \
	"timer is involved, and nothing is merged when the program pauses longer than a " \
	"round trip.\n\nFor a reader this means that writes have no boundaries. TCP_NODELAY " \
	"does not bring them back: it only makes small segments leave at once, and the " \
	"receiving kernel may still hand several of them to one recv() (lab 08).\n\nWrite, " \
	"write, read is the pattern that suffers: the second write waits for an ACK that the " \
	"other side delays (lab 19). Write once instead, or switch the rule off.", \
	"纳格算法（RFC 896，RFC 1122 4.2.3.4）：只要还有未确认的数据，没装满的报文段就要等待" \
	"，直到 ACK 到来或者装满为止。所以合并多少由网络决定：ACK 来得越慢，合在一起的写入越" \
	"多。这里没有定时器；如果程序两次写入之间停顿超过一个往返，也就不会合并。\n\n" \
	"对读取方来说，这意味着写入没有边界。TCP_NODELAY 并不能恢复边界：它只是让小报文段立即" \
	"发出，接收方内核仍然可能把几个报文段交给同一次 recv()（实验 08）。\n\n" \
	"最吃亏的是“写、写、读”：第二次写入等的 ACK 又被对方延迟（实验 19）。应当一次写完，或" \
	"者关闭这个算法。" } }
