from benchmarks.soak import figures


def test_what_is_written_on_account_pages_survives_death_and_company(sampled):
    assert len(sampled(figures)) == 9
