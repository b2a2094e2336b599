/* What a process costs that does nothing: the ground that bench_arpq measures from. */
int main(void)
{
	return 0;
}
