from benchmarks.soak import replay


def test_random_accounts_score_the_same_in_any_order_at_any_time_and_from_their_history(sampled):
    assert len(sampled(replay)) == 4
