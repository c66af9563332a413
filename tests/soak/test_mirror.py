from benchmarks.soak import mirror


def test_the_mirror_is_whole_and_true_whatever_happens(sampled):
    assert len(sampled(mirror)) == 16
