from benchmarks.soak import refreshes, webhooks


def test_what_is_posted_is_refused_or_counted_once(sampled):
    assert {figure.check for figure in sampled(webhooks)} == {"CHECK 38"}


def test_refreshes_leave_no_row_wrong_and_cost_little(sampled):
    assert {figure.check for figure in sampled(refreshes)} == {"CHECK 35", "P7"}
