from benchmarks.soak import webhooks


def test_posts_are_refused_or_counted_once_and_refreshes_leave_no_row_wrong(sampled):
    figures = sampled(webhooks)

    assert {figure.check for figure in figures} == {"CHECK 35", "CHECK 38", "P7"}
