/*
 * What happened on a connection, in Chinese: the margin, whole sentences, a connection's story.
 *
 * Patterns rather than code, for words in this language do not change with number or place.
 * Each reason has one for when its cause is known and, where that makes a difference, one for
 * when it is not.  There are no quotation marks, dashes or ellipses in them: of those, terminals
 * disagree how wide they are (UAX #11, "ambiguous").
 */
#include "phrase.h"
#include "tcp_words_impl.h"

struct pattern {
	const char *text;
	const char *no_cause;		/* NULL: the same */
};

/* ---- holes ------------------------------------------------------------------------------ */

struct facts {
	const struct tcp_moment *m;
	const struct tcp_names *who;	/* NULL in the margin, which names nobody */
};

static const struct tcp_moment *moment_of(const void *facts)
{
	return ((const struct facts *)facts)->m;
}

static void bytes(struct txt *t, uint64_t n)
{
	phrase_bytes(t, n, LANG_ZH);
}

static void fill_me(struct txt *t, const void *facts)
{
	const struct facts *f = facts;

	txt_str(t, f->who->side[f->m->from & 1]);
}

static void fill_you(struct txt *t, const void *facts)
{
	const struct facts *f = facts;

	txt_str(t, f->who->side[!(f->m->from & 1)]);
}

static void fill_frame(struct txt *t, const void *facts)
{
	txt_str(t, "第 ");
	txt_u64(t, moment_of(facts)->cause_frame);
	txt_str(t, " 帧");
}

static void fill_waited(struct txt *t, const void *facts)
{
	phrase_duration(t, moment_of(facts)->waited_ns, LANG_ZH);
}

static void fill_payload(struct txt *t, const void *facts)
{
	bytes(t, moment_of(facts)->payload);
}

static void fill_acked(struct txt *t, const void *facts)
{
	if (moment_of(facts)->acked)
		bytes(t, moment_of(facts)->acked);
	else
		txt_str(t, "数据");
}

static void fill_ack(struct txt *t, const void *facts)
{
	txt_grouped(t, moment_of(facts)->ack);
}

static void fill_wanted(struct txt *t, const void *facts)
{
	txt_u64(t, moment_of(facts)->ack);	/* as on the arrow */
}

static void fill_count(struct txt *t, const void *facts)
{
	txt_grouped(t, moment_of(facts)->count);
}

static void fill_window(struct txt *t, const void *facts)
{
	bytes(t, moment_of(facts)->window);
	if (!moment_of(facts)->window_scaled)
		txt_str(t, "（首部中的原值，没有见到窗口扩大因子）");
}

static void fill_room(struct txt *t, const void *facts)
{
	txt_grouped(t, moment_of(facts)->window);
}

static void fill_type(struct txt *t, const void *facts)
{
	txt_u64(t, moment_of(facts)->count >> 8);
}

static void fill_code(struct txt *t, const void *facts)
{
	txt_u64(t, moment_of(facts)->count & 0xff);
}

/* Before the news that a side sends no more. */
static void fill_having_sent(struct txt *t, const void *facts)
{
	if (!moment_of(facts)->payload)
		return;
	txt_str(t, "发完这 ");
	bytes(t, moment_of(facts)->payload);
	txt_str(t, "之后");
}

static const struct phrase_hole holes[] = {
	{ "me", fill_me }, { "you", fill_you }, { "frame", fill_frame }, { "waited", fill_waited },
	{ "payload", fill_payload }, { "acked", fill_acked }, { "ack", fill_ack },
	{ "wanted", fill_wanted }, { "count", fill_count }, { "window", fill_window },
	{ "room", fill_room }, { "type", fill_type }, { "code", fill_code },
	{ "having_sent", fill_having_sent }, { NULL, NULL },
};

static void say(struct txt *t, const struct pattern *p, const struct tcp_moment *m,
		const struct tcp_names *who)
{
	const struct facts facts = { m, who };
	const char *text = p->no_cause && !m->cause_frame ? p->no_cause : p->text;

	if (text)
		phrase_fill(t, text, holes, &facts);
}

/* ---- the margin ------------------------------------------------------------------------- */

static const struct pattern margin[TCP_WHY_COUNT] = {
	[TCP_WHY_OPENS] = { "请求连接", NULL },
	[TCP_WHY_OPENS_TOO] = { "也请求连接", NULL },
	[TCP_WHY_OPENS_AGAIN] = { "{waited}后重传", "重传" },
	[TCP_WHY_ACCEPTS] = { "接受连接", NULL },
	[TCP_WHY_ACCEPTS_AGAIN] = { "{waited}后重传", "重传" },
	[TCP_WHY_ACCEPTS_ANEW] = { "再次应答", NULL },
	[TCP_WHY_COMPLETES] = { "{waited}后握手完成", "握手完成" },
	[TCP_WHY_REFUSES] = { "拒绝连接", NULL },
	[TCP_WHY_DATA] = { "{payload}", NULL },
	[TCP_WHY_DATA_RELEASED] = { "{payload}，等到 ACK 才发送（Nagle）", NULL },
	[TCP_WHY_DATA_CLOCKED] = { "{payload}", NULL },
	[TCP_WHY_DATA_ANSWERS] = { "{payload}", NULL },
	[TCP_WHY_ACKS_SEVERAL] = { "确认{count}个报文段", NULL },
	[TCP_WHY_ACKS_LATE] = { "延迟确认，等了{waited}", "延迟确认" },
	[TCP_WHY_ACKS_GAP] = { "等待{wanted}", NULL },
	[TCP_WHY_ACKS_FIN] = { "确认 FIN", NULL },
	[TCP_WHY_ACKS_AGAIN] = { "早已收到", NULL },
	[TCP_WHY_FINISHES] = { "不再发送", NULL },
	[TCP_WHY_FINISHES_TOO] = { "也不再发送", NULL },
	[TCP_WHY_FINISHES_AGAIN] = { "{waited}后重传", "重传" },
	[TCP_WHY_RESETS] = { "复位", NULL },
	[TCP_WHY_TIMEOUT] = { "超时：{waited}后重传", "超时重传" },
	[TCP_WHY_FAST] = { "快速重传：{count}个重复确认", NULL },
	[TCP_WHY_AFTER_TIMEOUT] = { "超时之后接着重传", NULL },
	[TCP_WHY_AFTER_FAST] = { "又一个丢失的", NULL },
	[TCP_WHY_EARLY] = { "{waited}后重传", "重传" },
	[TCP_WHY_AFTER_ICMP] = { "改用小分组重传", NULL },
	[TCP_WHY_NEEDLESS] = { "多余的重传", NULL },
	[TCP_WHY_LATE] = { "途中被超过", NULL },
	[TCP_WHY_KEEP_ALIVE] = { "还在吗？", NULL },
	[TCP_WHY_ANSWERS_KEEP_ALIVE] = { "还在", NULL },
	[TCP_WHY_PROBES_WINDOW] = { "有空间了吗？", NULL },
	[TCP_WHY_ANSWERS_PROBE] = { "还没有空间", NULL },
	[TCP_WHY_OPENS_WINDOW] = { "窗口{room}", NULL },
	[TCP_WHY_NARROWS_WINDOW] = { "窗口{room}", NULL },
	[TCP_WHY_SEEN_TWICE] = { "抓到两次", NULL },
};

static const struct pattern icmp_too_big = { "分组超过下一跳的 MTU，引用{frame}",
					     "分组超过下一跳的 MTU" };
static const struct pattern icmp_error = { "ICMP 差错，引用{frame}", "ICMP 差错" };
static const struct pattern fast_open = { "携带{payload}", NULL };

static const char *const margin_troubles[TCP_T_COUNT] = {
	[TCP_T_LOST_SEGMENT] = "之前的字节缺失",
	[TCP_T_ACK_LOST_SEGMENT] = "所确认的没有抓到",
	[TCP_T_ZERO_WINDOW] = "没有空间了",
	[TCP_T_WINDOW_FULL] = "填满窗口",
	[TCP_T_REUSED_PORTS] = "端口重用",
};

static void semicolon(struct txt *t, size_t begin)
{
	if (t->len > begin)
		txt_str(t, "；");
}

static void brief(struct txt *t, const struct tcp_moment *m)
{
	size_t begin = t->len;

	if (m->why == TCP_WHY_ICMP) {
		say(t, m->mss ? &icmp_too_big : &icmp_error, m, NULL);
		return;
	}
	say(t, &margin[m->why], m, NULL);
	if ((m->flags & TCP_SYN) && m->payload) {
		txt_str(t, t->len > begin ? "，" : "");
		say(t, &fast_open, m, NULL);
	}
	for (size_t i = 0; i < WORDS_MARGIN_TROUBLES; i++) {
		if (!words_in_margin(m, (enum tcp_trouble)words_margin_trouble[i]))
			continue;
		semicolon(t, begin);
		phrase_add(t, margin_troubles[words_margin_trouble[i]]);
	}
	if (m->notes & TCP_NOTE_BEYOND_MSS) {
		semicolon(t, begin);
		phrase_add(t, "大于 MSS");
	}
	if (m->lost) {
		semicolon(t, begin);
		phrase_add(t, "丢失");
	}
}

/* ---- sentences -------------------------------------------------------------------------- */

static const struct pattern reasons[TCP_WHY_COUNT] = {
	[TCP_WHY_UNKNOWN] = { NULL, NULL },	/* say_unknown() */
	[TCP_WHY_OPENS] = {
		"{me}请求与{you}建立连接：SYN 给出它的初始序号，自己也占用一个序号。", NULL },
	[TCP_WHY_OPENS_TOO] = {
		"{me}在得知{frame}之前，也请求建立同一个连接：这就是同时打开。",
		"{me}也请求建立同一个连接，此时它还不知道对方的请求：这就是同时打开。" },
	[TCP_WHY_OPENS_AGAIN] = {
		"{me}在{waited}之后重传 SYN：直到计时器到期，也没有等到对{frame}的回答。",
		"{me}重传 SYN：直到计时器到期，也没有等到对第一个 SYN 的回答。" },
	[TCP_WHY_ACCEPTS] = {
		"{me}接受连接：确认{frame}的 SYN，并给出自己的初始序号。",
		"{me}接受连接：确认对方的 SYN，并给出自己的初始序号。" },
	[TCP_WHY_ACCEPTS_AGAIN] = {
		"{me}在{waited}之后重传 SYN+ACK：直到计时器到期，也没有等到对{frame}的回答。",
		"{me}重传 SYN+ACK：直到计时器到期，也没有等到对第一个 SYN+ACK 的回答。" },
	[TCP_WHY_ACCEPTS_ANEW] = {
		"{me}再次发出{frame}的 SYN+ACK，因为对方再次发来了 SYN。",
		"{me}再次发出 SYN+ACK，因为对方再次发来了 SYN。" },
	[TCP_WHY_COMPLETES] = {
		"{me}确认{frame}的 SYN，三次握手完成：双方都已知道对方能收到自己的报文段。",
		"{me}确认对方的 SYN，握手完成：双方都已知道对方能收到自己的报文段。" },
	[TCP_WHY_REFUSES] = {
		"{me}拒绝连接：没有程序在这个端口上监听，所以用 RST 回答{frame}的 SYN。",
		"{me}拒绝连接：没有程序在这个端口上监听，所以用 RST 回答对方的 SYN。" },
	[TCP_WHY_DATA] = { NULL, NULL },	/* say_data() */
	[TCP_WHY_DATA_RELEASED] = {
		"{me}发送{payload}。这些数据此前一直在等待：只要还有数据未被确认，纳格算法（Nagle）"
		"就留下不满一个报文段的数据不发，直到{frame}确认了此前发出的全部数据。",
		"{me}发送{payload}。这些数据此前一直在等待：只要还有数据未被确认，纳格算法（Nagle）"
		"就留下不满一个报文段的数据不发，直到此前发出的数据全部得到确认。" },
	[TCP_WHY_DATA_CLOCKED] = {
		"{me}发送{payload}；{frame}的 ACK 使窗口腾出了空间，它们才得以发送。",
		"{me}发送{payload}；一个 ACK 使窗口腾出了空间，它们才得以发送。" },
	[TCP_WHY_DATA_ANSWERS] = {
		"{me}在{waited}之后发送{payload}作为对{frame}的回答，同时捎带确认{you}发来的数据。",
		"{me}发送{payload}，同时捎带确认{you}发来的数据。" },
	[TCP_WHY_ACKS] = {
		"{me}确认{frame}的{acked}。",
		"{me}确认收到{acked}。" },
	[TCP_WHY_ACKS_SEVERAL] = {
		"{me}用一个 ACK 确认{count}个报文段的{acked}：连续收到满长的报文段时，"
		"最迟每两个就要确认一次。", NULL },
	[TCP_WHY_ACKS_LATE] = {
		"{me}在{waited}之后才确认{frame}的{acked}："
		"这是延迟确认，它本想随数据一起捎带出去。",
		"{me}迟迟才确认收到{acked}：这是延迟确认，它本想随数据一起捎带出去。" },
	[TCP_WHY_ACKS_GAP] = {
		"{me}用重复确认说明，它仍在等待第{ack}号字节；其间到达的{frame}落在缺口之后。",
		"{me}用重复确认说明，它仍在等待第{ack}号字节。" },
	[TCP_WHY_ACKS_FIN] = {
		"{me}确认{frame}的 FIN：它已知道{you}不会再发送数据。",
		"{me}确认对方的 FIN：它已知道{you}不会再发送数据。" },
	[TCP_WHY_ACKS_AGAIN] = {
		"{me}重复先前的 ACK，因为{frame}带来的是它早已收到的数据。",
		"{me}重复先前的 ACK。" },
	[TCP_WHY_FINISHES] = {
		"{me}{having_sent}不再发送数据。它仍然可以接收：在{you}发出自己的 FIN 之前，"
		"另一个方向一直打开。", NULL },
	[TCP_WHY_FINISHES_TOO] = {
		"{me}也不再发送数据；{frame}已经关闭了另一个方向。",
		"{me}也不再发送数据。" },
	[TCP_WHY_FINISHES_AGAIN] = {
		"{me}在{waited}之后重传 FIN：直到计时器到期，也没有等到对{frame}的回答。",
		"{me}重传 FIN：直到计时器到期，也没有等到对第一个 FIN 的回答。" },
	[TCP_WHY_RESETS] = {
		"{me}紧接着{frame}复位连接：双方都不得再发送，还在途中的数据就此丢失。",
		"{me}复位连接：双方都不得再发送，还在途中的数据就此丢失。" },
	[TCP_WHY_TIMEOUT] = {
		"{me}在{waited}之后重传{payload}（上一次在{frame}）："
		"直到重传计时器到期，也没有收到 ACK。",
		"{me}重传{payload}：直到重传计时器到期，也没有收到 ACK。" },
	[TCP_WHY_FAST] = {
		"{me}重传{payload}（上一次在{frame}）：{count}个重复确认表明它们没有到达，"
		"不必等到计时器到期（快速重传）。",
		"{me}重传{payload}：{count}个重复确认表明它们没有到达，"
		"不必等到计时器到期（快速重传）。" },
	[TCP_WHY_AFTER_TIMEOUT] = {
		"{me}重传{payload}（上一次在{frame}）：超时之后，后面的数据也被看作已经丢失。",
		"{me}重传{payload}：超时之后，后面的数据也被看作已经丢失。" },
	[TCP_WHY_AFTER_FAST] = {
		"{me}重传{payload}（上一次在{frame}）：对前一次重传的 ACK 表明，这些数据也丢失了。",
		"{me}重传{payload}：对前一次重传的 ACK 表明，这些数据也丢失了。" },
	[TCP_WHY_EARLY] = {
		"{me}重传{payload}（上一次在{frame}），早于重传计时器可能到期的时刻："
		"这是丢失探测，或者是 SACK 所要求的修补。",
		"{me}重传{payload}，早于重传计时器可能到期的时刻："
		"这是丢失探测，或者是 SACK 所要求的修补。" },
	[TCP_WHY_AFTER_ICMP] = {
		"{me}改用较小的分组重传{payload}："
		"{frame}的 ICMP 差错报文指出，原来的分组超过了路径的 MTU。",
		"{me}改用较小的分组重传{payload}："
		"ICMP 差错报文指出，原来的分组超过了路径的 MTU。" },
	[TCP_WHY_NEEDLESS] = {
		"{me}重传{payload}（上一次在{frame}），其实它们已经全部得到确认："
		"那个 ACK 来迟了，或者丢失了。",
		"{me}重传{payload}，其实它们已经全部得到确认：那个 ACK 来迟了，或者丢失了。" },
	[TCP_WHY_LATE] = {
		"{me}发出这{payload}在先，另一些报文段却比它们先到："
		"它们在途中被超过了（乱序）。", NULL },
	[TCP_WHY_KEEP_ALIVE] = {
		"{me}询问对方是否还在：它使用的序号早已被确认过，"
		"所以只会引来一个 ACK（保活探测）。", NULL },
	[TCP_WHY_ANSWERS_KEEP_ALIVE] = { "{me}回答保活探测：它还在。", NULL },
	[TCP_WHY_PROBES_WINDOW] = { "{me}探测已经关闭的窗口，以防窗口更新在途中丢失。", NULL },
	[TCP_WHY_ANSWERS_PROBE] = { "{me}回答说，它仍然没有接收空间。", NULL },
	[TCP_WHY_OPENS_WINDOW] = { "{me}的接收空间变大了，窗口现在是{window}。", NULL },
	[TCP_WHY_NARROWS_WINDOW] = { "{me}的接收空间变小了，窗口现在是{window}。", NULL },
	[TCP_WHY_SEEN_TWICE] = { "{me}只发送了一次，抓包文件里却有两份。", NULL },
	[TCP_WHY_ICMP] = {
		"一个 ICMP 差错报文（类型{type}，代码{code}）到达{you}，它引用了{frame}",
		"一个 ICMP 差错报文（类型{type}，代码{code}）到达{you}" },
};

static const struct pattern plain_data = { "{me}发送{payload}。", NULL };
static const struct pattern first_data = { "{me}发送{payload}，这是它的第一批数据。", NULL };
static const struct pattern plain_ack = { "{me}发送一个没有新内容的 ACK。", NULL };
static const struct pattern empty = { "{me}发送一个不带数据的报文段。", NULL };

static const struct pattern *reason_of(const struct tcp_moment *m)
{
	if (m->why == TCP_WHY_DATA && (m->notes & TCP_NOTE_FIRST_DATA))
		return &first_data;
	if (m->why == TCP_WHY_DATA || (m->why == TCP_WHY_UNKNOWN && m->payload))
		return &plain_data;
	if (m->why == TCP_WHY_UNKNOWN)
		return m->flags & TCP_ACK ? &plain_ack : &empty;
	return &reasons[m->why];
}

/* What a SYN of either kind offers. */
static void offers(struct txt *t, const struct tcp_moment *m)
{
	size_t begin = t->len;
	const char *before = "选项表明：";

	if (m->mss) {
		txt_str(t, before);
		txt_str(t, "它接收的报文段最多带 ");
		bytes(t, m->mss);
		txt_str(t, "数据");
		before = "，";
	}
	if (m->options & TCP_SEEN_WSCALE) {
		txt_str(t, before);
		txt_str(t, "窗口以 ");
		bytes(t, UINT64_C(1) << (m->wscale < 14 ? m->wscale : 14));
		txt_str(t, "为单位");
		before = "，";
	}
	if (m->options & TCP_SEEN_SACK_OK) {
		txt_str(t, before);
		txt_str(t, "允许选择确认");
		before = "，";
	}
	if (m->options & TCP_SEEN_TS) {
		txt_str(t, before);
		txt_str(t, "使用时间戳");
	}
	if (t->len > begin)
		txt_str(t, "。");
}

static bool is_opening(const struct tcp_moment *m)
{
	return m->why == TCP_WHY_OPENS || m->why == TCP_WHY_OPENS_TOO || m->why == TCP_WHY_ACCEPTS;
}

static void say_opening(struct txt *t, const struct tcp_moment *m)
{
	static const struct pattern brings = {
		"它还携带了{payload}数据：这是 TCP 快速打开。[RFC 7413 2]", NULL };

	offers(t, m);
	if (m->payload)
		say(t, &brings, m, NULL);
}

static void say_icmp(struct txt *t, const struct tcp_moment *m)
{
	if (m->mss) {
		txt_str(t, "：分组太大，下一跳只接受不超过 ");
		bytes(t, m->mss);
		txt_str(t, "的分组");
	}
	txt_str(t, "。");
}

/* What follows a section stands apart from it. */
static void further(struct txt *t, const char *s)
{
	if (t->len > 0 && t->buf[t->len - 1] == ']')
		txt_char(t, ' ');
	txt_str(t, s);
}

static void section(struct txt *t, const char *section)
{
	if (!*section)
		return;
	further(t, "[");
	txt_str(t, section);
	txt_char(t, ']');
}

/* tcp_trouble_info() in this language. */
static const struct { const char *name, *says; } troubles[TCP_T_COUNT] = {
	[TCP_T_RETRANSMISSION] = { "重传", "再次发送先前发送过的字节" },
	[TCP_T_FAST_RETRANSMISSION] = { "快速重传", "重复确认要求重传，计时器还没有到期" },
	[TCP_T_SPURIOUS_RETRANSMISSION] = { "虚假重传", "这些数据早已全部得到确认" },
	[TCP_T_OUT_OF_ORDER] = { "乱序", "排在它后面的字节比它先到" },
	[TCP_T_DUPLICATE_ACK] = { "重复确认", "还有数据未被确认时，又发来同样的 ACK" },
	[TCP_T_KEEP_ALIVE] = { "保活探测", "询问对方是否还在" },
	[TCP_T_KEEP_ALIVE_ACK] = { "保活应答", "回答自己还在" },
	[TCP_T_ZERO_WINDOW] = { "零窗口", "连一个字节的接收空间也没有" },
	[TCP_T_WINDOW_FULL] = { "窗口已满", "一个字节不差地填满了接收方给出的窗口" },
	[TCP_T_ZERO_WINDOW_PROBE] = { "零窗口探测", "询问窗口是否仍然关闭" },
	[TCP_T_ZERO_WINDOW_PROBE_ACK] = { "零窗口探测应答", "回答窗口仍然关闭" },
	[TCP_T_WINDOW_UPDATE] = { "窗口更新", "不确认新的数据，只给出新的窗口" },
	[TCP_T_LOST_SEGMENT] = { "报文段缺失", "它之前的字节没有经过抓包点" },
	[TCP_T_ACK_LOST_SEGMENT] = { "确认缺失的报文段", "它所确认的字节没有经过抓包点" },
	[TCP_T_REUSED_PORTS] = { "端口重用", "新连接使用了旧连接的地址和端口" },
	[TCP_T_DUPLICATE_FRAME] = { "重复的帧", "就是先前的那个分组：被抓到两次，不是发送了两次" },
	[TCP_T_BAD_CHECKSUM] = { "校验和错误", "校验和不对，所以接收方会丢弃它" },
	[TCP_T_CHECKSUM_OFFLOAD] = { "校验和卸载",
		"抓到它时校验和还没有填入，这一方的报文段都是如此" },
};

static void say_troubles(struct txt *t, const struct tcp_moment *m)
{
	for (unsigned k = 0; k < TCP_T_COUNT; k++) {
		if (!words_untold(m, (enum tcp_trouble)k))
			continue;
		further(t, troubles[k].name);
		txt_str(t, "：");
		txt_str(t, troubles[k].says);
		txt_str(t, "。");
		section(t, tcp_trouble_info((enum tcp_trouble)k)->section);
	}
}

static void say_notes(struct txt *t, const struct tcp_moment *m)
{
	if (m->notes & TCP_NOTE_STALL)
		further(t, "它所等待的 ACK 自己也被延迟了：先写、再写、后读的程序就会这样停顿，"
			   "不论归咎于哪一方。[RFC 1122 4.2.3.2]");
	if (m->notes & TCP_NOTE_BEYOND_MSS)
		further(t, "这超过了一个报文段所能携带的数据：网卡在抓包点之后才把它切开，"
			   "或者在抓包点之前就把几个合成了一个。[RFC 9293 3.7.1]");
	if (m->lost)
		further(t, "它后来被重传：没有迹象表明它到达过。");
}

static void sentences(struct txt *t, const struct tcp_moment *m, const struct tcp_names *who)
{
	say(t, reason_of(m), m, who);
	if (is_opening(m))
		say_opening(t, m);
	if (m->why == TCP_WHY_ICMP)
		say_icmp(t, m);
	section(t, tcp_why_info((enum tcp_why)m->why)->section);
	say_troubles(t, m);
	say_notes(t, m);
}

/* ---- a whole connection ----------------------------------------------------------------- */

static const char *const opened[] = {
	[TCP_OPEN_COMPLETE] = "完整的三次握手",
	[TCP_OPEN_SIMULTANEOUS] = "双方同时打开",
	[TCP_OPEN_REFUSED] = "连接被拒绝",
	[TCP_OPEN_NO_ANSWER] = "没有得到回答",
	[TCP_OPEN_ONE_WAY] = "只抓到一个方向",
	[TCP_OPEN_SYNACK_NO_ACK] = "三次握手没有完成",
	[TCP_OPEN_SYNACK_ONLY] = "三次握手中只见到 SYN+ACK",
	[TCP_OPEN_NO_SYN] = "三次握手中没有见到 SYN",
	[TCP_OPEN_MIDSTREAM] = "抓包开始时连接已经建立",
	[TCP_OPEN_ODD] = "以不常见的方式打开",
};

static const char *const closed[] = {
	[TCP_CLOSE_FIN4] = "四次挥手，两个方向各自关闭并得到确认",
	[TCP_CLOSE_FIN3] = "用三个报文段关闭，第二个 FIN 同时确认了第一个",
	[TCP_CLOSE_HALF] = "半关闭了一段时间，第一个 FIN 之后仍有数据返回",
	[TCP_CLOSE_SIMULTANEOUS] = "双方同时关闭，两个 FIN 在途中相遇",
	[TCP_CLOSE_ONE_FIN] = "只有一方关闭",
	[TCP_CLOSE_FIN_RST] = "先有 FIN，后被复位",
	[TCP_CLOSE_RST_THEN_FIN] = "被复位，之后又有 FIN",
	[TCP_CLOSE_RST] = "被复位",
	[TCP_CLOSE_REFUSED] = "",
	[TCP_CLOSE_NONE] = "抓包结束时仍然打开",
};

static void sent(struct txt *t, const struct tcp_story *s, unsigned side,
		 const struct tcp_names *who)
{
	phrase_add(t, who->side[side]);
	phrase_add(t, "发送 ");
	bytes(t, s->side[side].payload);
}

static void trouble(struct txt *t, enum tcp_trouble k)
{
	phrase_add(t, troubles[k].name);
}

static void story_troubles(struct txt *t, const struct tcp_story *s)
{
	const char *before = "问题：";

	for (unsigned k = 0; k < TCP_T_COUNT; k++) {
		uint64_t n = s->side[0].trouble[k] + s->side[1].trouble[k];
		if (n == 0)
			continue;
		txt_str(t, before);
		trouble(t, (enum tcp_trouble)k);
		txt_char(t, ' ');
		txt_grouped(t, n);
		txt_str(t, " 次");
		before = "，";
	}
	if (strcmp(before, "，") == 0)
		txt_str(t, "。");
}

static void story(struct txt *t, const struct tcp_story *s, const struct tcp_names *who)
{
	unsigned from = s->initiator == 1;

	txt_str(t, opened[s->open]);
	if (s->has_rtt) {
		txt_str(t, "，用时 ");
		phrase_duration(t, s->rtt_ns, LANG_ZH);
	}
	txt_str(t, "；");
	sent(t, s, from, who);
	txt_str(t, "，");
	sent(t, s, !from, who);
	if (*closed[s->close]) {
		txt_str(t, "；");
		txt_str(t, closed[s->close]);
	}
	if (s->first_fin_by != TCP_NOBODY && s->close != TCP_CLOSE_SIMULTANEOUS) {
		txt_str(t, "，第一个 FIN 来自");
		phrase_add(t, who->side[s->first_fin_by]);
	}
	txt_str(t, "。");
	story_troubles(t, s);
}

const struct words_tongue words_chinese = { trouble, brief, sentences, story };
