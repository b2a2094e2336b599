/* words.h - what is asked, told and hinted in lab 01, in both languages (lab.h: struct both) */

/* ---- claims, and what is expected under them -------------------------------------------------- */

#define CLAIM_BROADCAST BOTH( \
	"Before her first packet to bob alice asks everybody: who has this address?", \
	"向 bob 发出第一个包之前，alice 先问所有人：谁有这个地址？")
#define A_REQUEST BOTH("a request of alice's for bob's address", "alice 询问 bob 地址的 ARP 请求")
#define TO_ALL BOTH("it goes to ff:ff:ff:ff:ff:ff", "目的地址是 ff:ff:ff:ff:ff:ff")
#define BEFORE_ANY_PACKET BOTH( \
	"the request before the first packet to bob", "请求先于发给 bob 的第一个包")

#define CLAIM_42 BOTH( \
	"The request has 42 bytes where it is captured; filling it up to 60 is left to the card.", \
	"抓到的请求是 42 字节；补足到 60 字节是网卡的事。")
#define FRAME_BYTES BOTH("bytes of the frame", "帧的字节数")

#define CLAIM_UNICAST BOTH( \
	"bob replies once, and to alice alone; only then does the packet leave.", \
	"bob 只应答一次，而且只发给 alice；此后数据包才发出。")
#define A_REPLY BOTH("a reply of bob's to alice", "bob 给 alice 的 ARP 应答")
#define TO_ALICE BOTH("it goes to alice's MAC", "目的地址是 alice 的 MAC")
#define BOBS_MAC BOTH("the MAC in it is bob's", "其中的 MAC 是 bob 的")
#define REPLY_FIRST BOTH( \
	"the reply before the first packet to bob", "应答先于发给 bob 的第一个包")
#define REPLIES BOTH("replies", "应答数")

#define CLAIM_REMEMBERS BOTH( \
	"alice remembers what she was told: later packets ask nothing.", \
	"alice 记住了答案：以后的包不再询问。")
#define REQUESTS BOTH("requests", "请求数")
#define ONE_PACKET_ONLY BOTH( \
	"this takes two packets of alice's to bob, at least", "这至少需要 alice 发给 bob 两个包")

#define CLAIM_LEARNED BOTH( \
	"bob answers without asking: the request told him who alice is.", \
	"bob 不用问就能回答：请求里已经写明 alice 是谁。")
#define NO_ANSWER BOTH( \
	"bob sends alice no packet in this capture", "抓包中没有 bob 发给 alice 的包")
#define BOB_ASKS_NOTHING BOTH( \
	"no request of bob's for alice's address", "bob 没有询问 alice 的地址")

#define CLAIM_EVERYBODY BOTH( \
	"The request comes to every other port of the switch, once.", \
	"请求到达交换机的其他每一个端口，各一次。")
#define NEEDS_OTHERS BOTH( \
	"for this, a capture of bob's or of carol's is needed, too", "这还需要 bob 或 carol 处的抓包")
#define REQUESTS_AT_BOB BOTH("requests at bob's card", "bob 网卡处的请求数")
#define REQUESTS_AT_CAROL BOTH("requests at carol's card", "carol 网卡处的请求数")

#define CLAIM_NOT_CAROL BOTH( \
	"Neither the reply nor any packet comes to carol: the switch knows whose port it is.", \
	"应答和数据包都不会到达 carol：交换机知道该走哪个端口。")
#define NEEDS_CAROL BOTH( \
	"for this, carol's capture is needed, too", "这还需要 carol 处的抓包")
#define NO_REPLY_AT_CAROL BOTH("no reply to alice at carol's card", "carol 的网卡处没有给 alice 的应答")
#define NO_PACKET_AT_CAROL BOTH( \
	"no packet between alice and bob at carol's card", "carol 的网卡处没有 alice 与 bob 之间的包")

#define NOTHING_FROM_ALICE BOTH( \
	"alice sends bob nothing in this capture, and asks for nobody", \
	"抓包中 alice 没有给 bob 发任何东西，也没有询问")

/* ---- questions -------------------------------------------------------------------------------- */

#define ASK_FRAMES { { \
	"alice, bob and carol are on a switch, and nobody knows anybody's MAC yet. alice's program " \
	"sends bob {datagrams} datagrams, one after the other, and bob's program answers each. How " \
	"many frames pass alice's card in all?", \
	"alice、bob、carol 接在同一台交换机上，谁也不知道别人的 MAC。alice 的程序先后给 bob 发 {datagrams} " \
	"个数据报，bob 的程序逐一回答。经过 alice 网卡的帧一共有几个？" } }

#define IP_IS_ENOUGH { { \
	"Those are the datagrams alone. A frame needs a MAC to go to, and the program knows an IP " \
	"address only.", \
	"这只是数据报的个数。帧要有目的 MAC 才能发出，而程序只知道 IP 地址。" } }

#define BOTH_ASK { { \
	"bob need not ask: look for an ARP request that is his. The request that he answered says " \
	"who alice is.", \
	"bob 不需要问：找找看有没有他发出的 ARP 请求。他应答的那个请求里写明了 alice 是谁。" } }

#define EACH_ASKS { { \
	"That is a question before every datagram: but the answer is remembered. Look for ARP " \
	"behind the third frame.", \
	"这是“每个数据报之前都问一次”的想法：但答案会被记住。在第三帧之后找找 ARP。" } }

#define WHY_FRAMES { { \
	"One request and one reply, then {datagrams} datagrams and {datagrams} answers.", \
	"一个请求，一个应答，然后是 {datagrams} 个数据报和 {datagrams} 个回答。" } }

#define ASK_CAROL { { \
	"How many of these frames come to carol's card?", \
	"这些帧里有几个会到达 carol 的网卡？" } }

#define NONE_OF_HERS { { \
	"Nothing is meant for her, but a question to everybody is heard by everybody: see " \
	"01-arp-carol.pcapng.", \
	"没有一帧是给她的，但问所有人的问题所有人都会听到：见 01-arp-carol.pcapng。" } }

#define REPLY_TO_ALL { { \
	"The request is for everybody, the reply is not: compare the destinations of frames 1 and 2.", \
	"请求是问所有人的，应答则不是：比较第 1 帧和第 2 帧的目的地址。" } }

#define LIKE_A_HUB { { \
	"So it would be on a hub. A switch sends a frame only where it has seen its addressee; lab " \
	"03 puts a hub in its place.", \
	"集线器才会这样。交换机只把帧送到它见过收件人的端口；实验 03 会换成集线器。" } }

#define WHY_CAROL { { \
	"The request alone: it goes to ff:ff:ff:ff:ff:ff. All others go to one MAC, whose port the " \
	"switch knows by then.", \
	"只有请求：它发往 ff:ff:ff:ff:ff:ff。其余的帧都发给某一个 MAC，这时交换机已知道它在哪个端口。" } }

#define ASK_BOB { { \
	"bob's program answers the first datagram. What does bob do before, to find alice's MAC?", \
	"bob 的程序要回答第一个数据报。为了知道 alice 的 MAC，bob 事先做什么？" } }

#define BOB_BROADCASTS { { \
	"he asks everybody, as alice did", \
	"像 alice 那样询问所有人" } }

#define BOB_ASKS_ALICE { { \
	"he asks alice alone", \
	"只询问 alice" } }

#define BOB_KNOWS { { \
	"nothing", \
	"什么也不做" } }

#define BOB_ASKS_SWITCH { { \
	"he asks the switch", \
	"询问交换机" } }

#define MUST_ASK_TOO { { \
	"There is no request of bob's in any of the three captures: he knew already.", \
	"三个抓包里都没有 bob 的请求：他早就知道了。" } }

#define SWITCH_ANSWERS { { \
	"The switch knows which MAC is at which port, but no IP address; and nobody talks to it.", \
	"交换机只知道哪个 MAC 在哪个端口，不知道 IP 地址；也没有人与它对话。" } }

#define WHY_BOB { { \
	"A request carries its sender's two addresses, and whom it asks for keeps them (RFC 826): " \
	"who asks will soon talk.", \
	"请求里带着发送者的两个地址，被询问的主机会记下来（RFC 826）：来问的人马上就要通信。" } }

#define ASK_SIZE { { \
	"How many bytes has the frame of alice's request in a capture at alice's card?", \
	"在 alice 的网卡处抓包，她的请求这一帧有多少字节？" } }

#define MESSAGE_ALONE { { \
	"That is the message itself. It travels in a frame of Ethernet, whose header has 14 bytes.", \
	"这只是 ARP 报文本身。它装在以太网帧里，首部还有 14 字节。" } }

#define ALREADY_PADDED { { \
	"On a cable no frame is shorter, but the sender's card fills it up, after the capture was " \
	"taken. Who captures at the receiver of a real cable sees 60 bytes.", \
	"在线缆上帧确实不会更短，但补足是发送方网卡的事，那时已经抓过包了。在真实线缆的接收方抓包，看到的" \
	"是 60 字节。" } }

#define WHY_SIZE { { \
	"14 bytes of Ethernet's header and 28 of ARP's message.", \
	"以太网首部 14 字节，加上 ARP 报文 28 字节。" } }

/* ---- notices ------------------------------------------------------------------------------------ */

#define NOTICE_REQUEST { { \
	"Notice: it goes to ff:ff:ff:ff:ff:ff, to everybody. It carries alice's own IP address and " \
	"MAC; bob's MAC in it is still 00:00:00:00:00:00. 14 + 28 bytes: a real card fills it up to 60.", \
	"注意：它发往 ff:ff:ff:ff:ff:ff，即所有人。里面有 alice 自己的 IP 地址和 MAC，bob 的 MAC 还是 " \
	"00:00:00:00:00:00。14 + 28 字节：真实的网卡会补足到 60 字节。" } }

#define NOTICE_AT_CAROL { { \
	"Notice: carol gets the question like everybody else. It is not about her, so she neither " \
	"answers nor remembers who asked. No other frame comes here.", \
	"注意：carol 和其他人一样收到这个问题。问的不是她，所以她既不应答，也不记住是谁问的。此外没有别的帧" \
	"到达这里。" } }

#define NOTICE_REPLY { { \
	"Notice: it goes to alice's MAC and to nobody else; the switch saw it in the request.", \
	"注意：它只发往 alice 的 MAC；交换机在请求里见过这个 MAC。" } }

#define NOTICE_FIRST { { \
	"Notice: the program sent this datagram before the request left. It waited in alice's kernel " \
	"until the reply named the MAC to write into the frame.", \
	"注意：程序发送这个数据报是在请求发出之前。它在 alice 的内核里等着，直到应答给出要写进帧里的 MAC。" } }

#define NOTICE_BACK { { \
	"Notice: bob asked nobody. He knows alice's MAC from her own request.", \
	"注意：bob 没有问任何人。alice 的 MAC 是他从 alice 自己的请求里知道的。" } }

#define NOTICE_LATER { { \
	"Notice: no question this time: bob's MAC is in alice's table.", \
	"注意：这次不再询问：bob 的 MAC 已在 alice 的表里。" } }

/* ---- hints -------------------------------------------------------------------------------------- */

#define HINT_FILTER { { \
	"Filter with arp, and compare the column Destination of the two frames.", \
	"用 arp 过滤，比较两帧的 Destination 列。" } }

#define HINT_ADDRESSES { { \
	"alice is {alice}, bob {bob}, carol {carol}.", \
	"alice 是 {alice}，bob 是 {bob}，carol 是 {carol}。" } }

#define HINT_CAROL { { \
	"Open the three captures side by side: which frames are in carol's?", \
	"并排打开三个抓包：carol 的里面有哪些帧？" } }

#define HINT_FLUSH { { \
	"In a capture of your own alice must not know bob yet: run ip neigh flush all first, on both hosts.", \
	"自己抓包时，alice 不能已经认识 bob：事先在两台主机上都执行 ip neigh flush all。" } }

#define TITLE { { \
	"ARP: who has?", \
	"ARP：谁有这个地址" } }

#define EXPLAIN { { \
	"Programs name an IP address; a frame needs a MAC. ARP (RFC 826) finds the one for the other, " \
	"in two frames: a request to everybody on the link, and a reply to the one who asked. What " \
	"waits for the answer waits in the kernel, and the program notices nothing but the time.\n\n" \
	"\"ARP broadcasts, and caches the answer\" is right, and can be said more exactly. It is " \
	"broadcast only on a miss: as long as the table has an entry, nothing is asked (lab 02 is " \
	"about how it gets old). It is heard only on this link: an address on another network is " \
	"never asked for, but the gateway's is (lab 22). The reply is unicast. And not only alice learns: " \
	"bob takes alice's addresses from the request, for who asks will talk. carol, of whom " \
	"nothing was asked, takes nothing: a host may refresh what it has of a sender already, but makes " \
	"no new entry.\n\n" \
	"Nobody proves anything here. Whoever sends a reply is believed, which is what ARP spoofing " \
	"lives on (lab 24).", \
	"程序给出的是 IP 地址，帧需要的是 MAC。ARP（RFC 826）用两帧由前者找到后者：一个问链路上所有人的" \
	"请求，一个只给提问者的应答。等答案的数据在内核里等待，程序只会觉得多花了一点时间。\n\n" \
	"“ARP 广播询问，并缓存答案”是对的，还可以说得更准确。只有查不到时才广播：表里有记录就不问（记录怎" \
	"样变旧见实验 02）。只在本链路上听得到：别的网络上的地址从来不直接问，问的是网关（实验 22）。应答是" \
	"单播。而且学到东西的不只是 alice：bob 从请求里记下 alice 的地址，因为来问的人马上就要通信。没有被" \
	"问到的 carol 什么也不记：主机可以更新已有的记录，但不会为此新建记录。\n\n" \
	"这里没有任何证明。谁发来应答就信谁，ARP 欺骗靠的正是这一点（实验 24）。" } }
