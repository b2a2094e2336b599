#include "wirelab/eth.h"

static bool is_tag(uint16_t type)
{
	return type == ETH_VLAN || type == ETH_QINQ;
}

enum verdict eth_parse(struct rd *r, struct eth_hdr *out)
{
	struct eth_hdr hdr = { .n_tags = 0 };

	rd_copy(r, hdr.dst.b, sizeof(hdr.dst.b));
	rd_copy(r, hdr.src.b, sizeof(hdr.src.b));
	hdr.type = rd_be16(r);
	while (rd_ok(r) && is_tag(hdr.type)) {
		if (hdr.n_tags == ETH_MAX_TAGS)
			return V_UNSUPPORTED;
		hdr.tag[hdr.n_tags].tpid = hdr.type;
		hdr.tag[hdr.n_tags].tci = rd_be16(r);
		hdr.n_tags++;
		hdr.type = rd_be16(r);
	}
	if (!rd_ok(r))
		return V_SHORT;
	*out = hdr;
	return V_OK;
}

void eth_build(struct wr *w, const struct eth_hdr *hdr)
{
	wr_copy(w, hdr->dst.b, sizeof(hdr->dst.b));
	wr_copy(w, hdr->src.b, sizeof(hdr->src.b));
	for (unsigned i = 0; i < hdr->n_tags && i < ETH_MAX_TAGS; i++) {
		wr_be16(w, hdr->tag[i].tpid);
		wr_be16(w, hdr->tag[i].tci);
	}
	wr_be16(w, hdr->type);
}

void eth_pad(struct wr *w)
{
	if (w->len < ETH_MIN_FRAME)
		wr_zero(w, ETH_MIN_FRAME - w->len);
}

size_t eth_length(const struct eth_hdr *hdr)
{
	return ETH_HEADER_LEN + hdr->n_tags * ETH_TAG_LEN;
}
