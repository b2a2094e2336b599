/* words.h - what is claimed, asked and told in lab 06, in both languages (lab.h: struct both) */

#define CLAIM_FOUR BOTH( \
	"First port: four segments close the connection.", \
	"第一个端口：四个报文段关闭连接。")

#define CLAIM_ACK_FIRST BOTH( \
	"They are four because the FIN is acknowledged by itself: the other program has not " \
	"closed yet.", \
	"之所以是四个，是因为对方程序还没有关闭，FIN 先被单独确认。")

#define CLAIM_TIME_WAIT BOTH( \
	"Who closed first is left in TIME-WAIT, the other is done.", \
	"先关闭的一方留在 TIME-WAIT，另一方已经结束。")

#define CLAIM_THREE BOTH( \
	"Second port: three segments close the connection, for the second FIN acknowledges " \
	"the first.", \
	"第二个端口：三个报文段关闭连接，因为第二个 FIN 同时确认了第一个。")

#define CLAIM_HALF BOTH( \
	"Third port: after a FIN, data still comes from the other side.", \
	"第三个端口：一方发出 FIN 之后，另一方仍有数据到来。")

#define CLAIM_HALF_ACKED BOTH( \
	"Whoever said FIN acknowledges all of it.", \
	"发过 FIN 的一方确认了这些数据。")

#define CLAIM_RESET BOTH( \
	"Fourth port: who closes with unread data sends a RST, and nobody sends a FIN.", \
	"第四个端口：还有数据没读就关闭的一方发出 RST，双方都没有 FIN。")

#define CLAIM_ACKED_UNREAD BOTH( \
	"The data that was never read had been acknowledged.", \
	"那些从未被读取的数据早已得到确认。")

#define CLAIM_CROSSING BOTH( \
	"Fifth port: the FINs cross on the way, neither acknowledges the other.", \
	"第五个端口：两个 FIN 在途中交错，谁也没有确认谁。")

#define CLAIM_BOTH_WAIT BOTH( \
	"Then both ends are left in TIME-WAIT.", \
	"于是两端都留在 TIME-WAIT。")

#define WHO_ALICE { { "alice", "alice" } }
#define WHO_BOB { { "bob", "bob" } }
#define WHO_BOTH { { "both", "双方" } }
#define WHO_NOBODY { { "nobody", "都没有" } }

#define ASK_SEGMENTS { { \
	"alice's program calls close() first. bob's kernel acknowledges at once; his program " \
	"calls close() a little later. How many segments are sent, from the first FIN on?", \
	"alice 的程序先调用 close()。bob 的内核立即确认，bob 的程序稍后才调用 close()。从第一" \
	"个 FIN 算起，一共发出几个报文段？" } }

#define ONE_CLOSE_CLOSES_BOTH { { \
	"That is \"one close() closes the connection\": but it closes one direction only. " \
	"The third conversation shows what the other direction can still do.", \
	"这是“一次 close() 就关闭整个连接”的想法：它只关闭一个方向。第三段对话说明另一个方向" \
	"还能做什么。" } }

#define HELLO_BACKWARDS { { \
	"That is \"the handshake backwards\": an answer can carry both, but only if bob's " \
	"program closes before his kernel has acknowledged. The second conversation shows it.", \
	"这是“握手倒过来”的想法：一个报文段可以身兼两职，但前提是 bob 的程序在内核确认之前就" \
	"关闭。见第二段对话。" } }

#define WHY_SEGMENTS { { \
	"Each direction is closed by its own FIN, and each FIN is acknowledged. bob's kernel " \
	"cannot know when his program will close, so it does not wait for it.", \
	"两个方向各由自己的 FIN 关闭，每个 FIN 都要被确认。bob 的内核不知道程序什么时候关闭，" \
	"所以不等它。" } }

#define ASK_HALF { { \
	"In the third conversation alice calls shutdown(SHUT_WR), and her FIN is " \
	"acknowledged. After that bob's program writes {late} bytes. How many of them are " \
	"sent?", \
	"在第三段对话中，alice 调用 shutdown(SHUT_WR)，她的 FIN 也被确认了。之后 bob 的程序写" \
	"入 {late} 字节。其中有多少字节会发出？" } }

#define FIN_ENDS_ALL { { \
	"That is \"a FIN ends the connection\": it says \"I have no more to send\", and " \
	"nothing about what its sender is ready to receive. Filter the third port with " \
	"tcp.len > 0.", \
	"这是“FIN 结束整个连接”的想法：它只表示“我不再发送”，并没有说不再接收。用 tcp.len > " \
	"0 看看第三个端口。" } }

#define WHY_HALF { { \
	"alice is in FIN-WAIT-2, bob in CLOSE-WAIT: her direction is closed, his is open " \
	"until his own FIN.", \
	"alice 处于 FIN-WAIT-2，bob 处于 CLOSE-WAIT：她的方向已关闭，他的方向在他自己发出 " \
	"FIN 之前一直开着。" } }

#define ASK_UNREAD { { \
	"In the fourth conversation bob's program calls close() and has never read alice's " \
	"{question} bytes. How many FINs does bob send?", \
	"在第四段对话中，bob 的程序从未读取 alice 的 {question} 字节就调用 close()。bob 会发" \
	"出几个 FIN？" } }

#define CLOSE_IS_FIN { { \
	"That is \"close() is a FIN\": a FIN would tell alice that bob had all she sent and " \
	"was done. The fourth port shows what he sends instead.", \
	"这是“close() 就是 FIN”的想法：FIN 会让 alice 以为 bob 读完了一切才结束。看看第四个端" \
	"口上他实际发出了什么。" } }

#define WHY_UNREAD { { \
	"Data is lost, and a RST says so (RFC 9293 3.6.1, RFC 2525 2.17). It is one segment, " \
	"and nobody answers it.", \
	"有数据丢失了，RST 就是用来说明这一点的（RFC 9293 3.6.1，RFC 2525 2.17）。它只有一个" \
	"报文段，也没有人应答。" } }

#define ASK_WAITS { { \
	"In the first conversation alice closes first. When it is over, which of them is " \
	"left in TIME-WAIT?", \
	"在第一段对话中 alice 先关闭。结束之后，谁停留在 TIME-WAIT？" } }

#define THE_SERVER_WAITS { { \
	"That is \"TIME-WAIT belongs to servers\": it belongs to whoever closes first, since " \
	"it is that side which sends the last ACK. Let bob close first (Change something, 1).", \
	"这是“TIME-WAIT 属于服务器”的想法：它属于先关闭的一方，因为最后的 ACK 由这一方发出。" \
	"让 bob 先关闭试试（改一改，第 1 题）。" } }

#define BOTH_WAIT { { \
	"That happens when both close at once. The fifth conversation shows it.", \
	"双方同时关闭时才会这样，见第五段对话。" } }

#define NOBODY_WAITS { { \
	"Nothing on the wire shows it, but `ss -tan` does: in wirelab shell, close a " \
	"connection and look at both hosts.", \
	"线路上看不到它，但 ss -tan 看得到：在 wirelab shell 里关闭一个连接，看看两台主机。" } }

#define WHY_WAITS { { \
	"Who sent the last ACK cannot know whether it arrived. So it stays, to send it again " \
	"if the FIN comes again (RFC 9293 3.6).", \
	"发出最后一个 ACK 的一方无从知道它是否到达，所以要留下来：如果 FIN 再来，就再确认一次" \
	"（RFC 9293 3.6）。" } }

#define NOTICE_ACK { { \
	"Notice: an ACK and no FIN. bob's kernel has answered at once; his program has not " \
	"called close() yet.", \
	"注意：只有 ACK，没有 FIN。bob 的内核立即作了应答，而他的程序还没有调用 close()。" } }

#define NOTICE_TIME_WAIT { { \
	"Notice: the last of four. alice closed first, so she is the one in TIME-WAIT now: " \
	"on Linux for 60 s, although her program has long forgotten the connection. bob, " \
	"when this arrives, is done.", \
	"注意：四个中的最后一个。alice 先关闭，所以现在处于 TIME-WAIT 的是她：Linux 上持续 " \
	"60 秒，尽管她的程序早已忘记这个连接。bob 收到这一帧就结束了。" } }

#define NOTICE_MERGED { { \
	"Notice: one segment, two answers. The calls are those of the first conversation; " \
	"but here bob's kernel was waiting a little with its ACK, and the FIN took it along.", \
	"注意：一个报文段，两个回答。调用与第一段对话完全相同；但这里 bob 的内核把 ACK 稍稍推" \
	"迟，FIN 就把它一起带走了。" } }

#define NOTICE_HALF { { \
	"Notice: shutdown(SHUT_WR) sends the same FIN as close(). The difference is on " \
	"alice's side: her program keeps the socket, and goes on reading.", \
	"注意：shutdown(SHUT_WR) 发出的 FIN 与 close() 的一样。区别在 alice 这边：程序留着套" \
	"接字，继续读取。" } }

#define NOTICE_LATE { { \
	"Notice: data after a FIN. This is why goodbye takes four: bob's direction is closed " \
	"when bob has finished, and not before.", \
	"注意：FIN 之后的数据。挥手之所以要四次，原因就在这里：bob 的方向要等 bob 说完才关" \
	"闭。" } }

#define NOTICE_UNREAD { { \
	"Notice: acknowledged means that bob's kernel has it. His program will never read it.", \
	"注意：得到确认只表示 bob 的内核收下了数据。他的程序永远不会读取它。" } }

#define NOTICE_RESET { { \
	"Notice: close() again, but {question} bytes were unread: no FIN, a RST. Nobody " \
	"acknowledges it, nobody has TIME-WAIT, and alice's next recv() fails with " \
	"ECONNRESET.", \
	"注意：同样是 close()，但有 {question} 字节没有读：不是 FIN，而是 RST。没有人确认它，" \
	"谁也没有 TIME-WAIT，alice 下一次 recv() 会失败，错误是 ECONNRESET。" } }

#define NOTICE_CROSSING { { \
	"Notice: the acknowledgment number of this FIN. bob had closed before he heard of " \
	"alice's FIN, so it does not cover it: both are in CLOSING now, until the ACKs come.", \
	"注意：看这个 FIN 的确认号。bob 关闭时还没听到 alice 的 FIN，所以没有确认它：ACK 到来" \
	"之前，双方都处于 CLOSING。" } }

#define NOTICE_BOTH_WAIT { { \
	"Notice: both closed first, both sent an ACK for a FIN, so both are in TIME-WAIT.", \
	"注意：双方都算先关闭，都为对方的 FIN 发出了 ACK，所以双方都处于 TIME-WAIT。" } }

#define HINT_FILTER { { \
	"Filter with tcp.flags.fin == 1 || tcp.flags.reset == 1: what is left ends " \
	"connections.", \
	"用 tcp.flags.fin == 1 || tcp.flags.reset == 1 过滤，剩下的都是结束连接的帧。" } }

#define HINT_PORTS { { \
	"The five conversations go to ports {port0} to {port4}, in this order: four, three, " \
	"half-close, reset, both at once.", \
	"五段对话依次到端口 {port0} 至 {port4}：四次、三次、半关闭、复位、同时关闭。" } }

#define HINT_STATES { { \
	"tcpq 06-goodbye.pcapng --ladder shows the state of both ends beside each frame.", \
	"tcpq 06-goodbye.pcapng --ladder 在每一帧旁边显示两端的状态。" } }

#define TITLE { { \
	"Goodbye in four, three or one", \
	"四次挥手，三次，或者一次" } }

#define EXPLAIN { { \
	"A connection is two directions, and each is closed by its own FIN (RFC 9293 3.6). A " \
	"FIN says \"I have no more to send\"; it counts as a byte of the stream, so it is " \
	"acknowledged and sent again like one. recv() then returns 0 at the other side. When " \
	"that side has more to say, it can: that is half-close, and why there are two FINs " \
	"and two ACKs.\n\n" \
	"Whether the first ACK and the second FIN share a segment is decided by time alone. " \
	"Kernels hold an ACK back for some 40 ms in the hope of something to send with it " \
	"(RFC 9293 3.8.6.3); a program that closes within that time makes three segments, " \
	"one that is slower four. Do not count on either.\n\n" \
	"close() with unread data is no goodbye: the kernel resets the connection, so that " \
	"the sender learns that data was lost (RFC 2525 2.17). What was on its way in the " \
	"other direction may be thrown away as well. Servers that answer and close without " \
	"having read all of the request lose their answer in this way.\n\n" \
	"TIME-WAIT is left at the side that closed first. It keeps the four numbers of the " \
	"connection (two addresses, two ports) for a while, to acknowledge a repeated FIN, " \
	"and so that segments still on their way cannot be taken for those of a new " \
	"connection. A server that closes first and is started again finds its port in use " \
	"because of it: SO_REUSEADDR is the cure.", \
	"一个连接有两个方向，各由自己的 FIN 关闭（RFC 9293 3.6）。FIN 表示“我不再发送”；它在" \
	"字节流里占一个字节，所以像数据一样被确认、被重发。对方的 recv() 随后返回 0。如果对方" \
	"还有话说，可以继续：这就是半关闭，也是有两个 FIN、两个 ACK 的原因。\n\n" \
	"第一个 ACK 与第二个 FIN 是否合在一个报文段里，只取决于时间。内核会把 ACK 推迟大约 " \
	"40 ms，希望有数据可以捎带（RFC 9293 3.8.6.3）；程序在这段时间内关闭就是三个报文段，" \
	"慢一些就是四个。两种情况都不能当作必然。\n\n" \
	"还有数据没读就 close() 不是告别：内核会复位连接，让发送方知道数据丢失了（RFC 2525 " \
	"2.17）。反方向还在途中的数据也可能一起被丢弃。没读完请求就应答并关闭的服务器，会这样" \
	"丢掉自己的应答。\n\n" \
	"TIME-WAIT 留在先关闭的一方。它把连接的四个数（两个地址、两个端口）保留一段时间，以便" \
	"再次确认重复的 FIN，也避免仍在途中的报文段被当成新连接的。先关闭的服务器重新启动时发" \
	"现端口被占用，就是这个原因：解决办法是 SO_REUSEADDR。" } }
