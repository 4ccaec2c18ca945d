"""Monthly subscription payments (The Venture City). The figures were computed without this library, in pandas."""

from __future__ import annotations

from io import StringIO

import pandas as pd
import pytest

import csmetrics as csm

# the data ends on 14 April 2024: most of April's "churn" is payments that were still to come
MOVEMENTS = """
period  start  new  lost   end start_mrr   new_mrr reactivation_mrr expansion_mrr contraction_mrr churned_mrr end_mrr
2022-08     0  167     0   167      0.00   4915.06    0.00    0.00    0.00      0.00   4915.06
2022-09   167  194    36   325   4915.06   5780.56    0.00    0.00   43.58   1016.42   9635.62
2022-10   325  140    66   403   9635.62   4980.56  179.76   60.96   29.56   1943.58  12883.76
2022-11   403  180   125   463  12883.76   6700.68  142.28   58.48   51.00   3980.44  15753.76
2022-12   463  133    83   516  15753.76   5297.30  129.86   18.96    6.50   2955.70  18237.68
2023-01   516  144    81   585  18237.68   5734.58  210.52   34.02   30.76   2935.98  21250.06
2023-02   585  209    81   715  21250.06   8260.62   79.96  165.92   39.72   2989.48  26727.36
2023-03   715  278   109   891  26727.36  11101.94  269.84  138.56   30.82   4071.56  34135.32
2023-04   891  266   112  1053  34135.32  10607.75  299.80   90.62    1.40   4259.74  40872.35
2023-05  1053  218   142  1136  40872.35   8755.67  259.82   11.20  217.30   5389.31  44292.43
2023-06  1136  248   135  1257  44292.43   9878.66  289.78  101.76    5.10   5276.21  49281.32
2023-07  1257  194   172  1284  49281.32   7680.19  223.04  195.54   41.08   6730.36  50608.65
2023-08  1284  284   142  1435  50608.65  11397.80  339.78   81.98  122.06   5459.40  56846.75
2023-09  1435  290   243  1491  56846.75  11495.34  389.78  191.58   43.86   9629.14  59250.45
2023-10  1491  290   181  1611  59250.45  11532.10  429.16   41.08  105.70   7201.22  63945.87
2023-11  1611  328   209  1741  63945.87  13075.98  513.24  344.13   44.58   8241.00  69593.64
2023-12  1741  272   205  1818  69593.64  10450.95  399.80  109.88  189.08   8135.80  72229.39
2024-01  1818  274   257  1855  72229.39  10705.90  828.06  104.80   16.40  10238.00  73613.75
2024-02  1855  248   262  1854  73613.75   9586.40  509.82   60.94   69.54  10370.22  73331.15
2024-03  1854  245   216  1894  73331.15   8227.37  439.78  337.74    6.32   8472.09  73857.63
2024-04  1894   81  1137   849  73857.63   2505.66  398.70  140.48  356.51  44014.15  32531.81
"""
RATES = """
period churn_rate nrr grr quick_ratio arpa
2022-09 21.55688623 78.43363052 78.43363052  5.4533584906 29.6480615385
2022-10 20.30769231 80.15509121 79.52243862  2.6461781729 31.9696277916
2022-11 31.01736973 69.16303936 68.70913460  1.7119044312 34.0253995680
2022-12 17.92656587 81.31722205 81.19686983  1.8385389238 35.3443410853
2023-01 15.69767442 83.91944589 83.73290901  2.0153838894 36.3248888889
2023-02 13.84615385 86.52577922 85.74498143  2.8081671729 37.3809230769
2023-03 15.24475524 85.16942938 84.65100930  2.8057712840 38.3112457912
2023-04 12.57014590 87.78239079 87.51691796  2.5810393463 38.8151471985
2023-05 13.48528015 86.31003600 86.28263361  1.6100085435 38.9898151408
2023-06 11.88380282 88.30601527 88.07626947  1.9446311616 39.2055051710
2023-07 13.68337311 86.65640450 86.25962129  1.1960188675 39.4148364486
2023-08 11.05919003 89.13332009 88.97133198  2.1176466373 39.6144599303
2023-09 16.93379791 83.32108696 82.98407561  1.2484958131 39.7387323944
2023-10 12.13950369 87.73707204 87.66773923  1.6425990705 39.6932774674
2023-11 12.97330850 87.58098060 87.04282231  1.6816384610 39.9733716255
2023-12 11.77484204 88.19576042 88.03787243  1.3166111704 39.7301375138
2024-01 14.13641364 85.94810229 85.80300900  1.1350015603 39.6839622642
2024-02 14.12398922 85.90097638 85.81819293  0.9729304122 39.5529395901
2024-03 11.65048544 88.89875585 88.43818759  1.0620965488 38.9955807814
2024-04 60.03167899 40.11427120 39.92406743  0.0686228242 38.3177974087
"""
COUNTS = ["start", "new", "lost", "end"]


def read(text: str) -> pd.DataFrame:
    table = pd.read_csv(StringIO(text), sep=r"\s+", index_col="period")
    return table.set_axis(pd.PeriodIndex(table.index, freq="M", name="period"))


def movements(subscriptions: pd.DataFrame, **options: object) -> pd.DataFrame:
    names = {"customer": "user_id", "date": "activity_date", "mrr": "inc_amt"}
    return csm.cohorts.movements_from_snapshots(subscriptions, **names, **options)


def near(value: float) -> object:
    return pytest.approx(value, abs=5e-8, rel=0)


def test_the_file_is_the_one_meant(subscriptions) -> None:
    assert len(subscriptions) == 46_875
    assert subscriptions["user_id"].nunique() == 4683
    assert subscriptions["inc_amt"].sum() == pytest.approx(903_793.81)
    assert (subscriptions["activity_date"].min(), subscriptions["activity_date"].max()) == ("2022-08-15", "2024-04-14")


def test_every_month(subscriptions) -> None:
    expected = read(MOVEMENTS)
    got = movements(subscriptions, as_of="2024-04-30")
    assert got.index.equals(expected.index)
    assert len(got) == 21
    assert got[COUNTS].equals(expected[COUNTS])
    amounts = expected.columns.drop(COUNTS)
    pd.testing.assert_frame_equal(got[amounts], expected[amounts], check_exact=True)  # to the cent
    assert (got["start"] + got["new"] + got["reactivated"] - got["lost"]).equals(got["end"])
    assert got["reactivated"].iloc[-4:].tolist() == [20, 13, 11, 11]


def test_the_month_that_is_not_over_is_left_out(subscriptions) -> None:
    got = movements(subscriptions)
    pd.testing.assert_frame_equal(got, movements(subscriptions, as_of="2024-04-30").iloc[:-1])
    assert str(got.index[-1]) == "2024-03"


def test_the_rates_of_every_month(subscriptions) -> None:
    frame, expected = movements(subscriptions, as_of="2024-04-30").iloc[1:], read(RATES)
    # NRR follows the opening customers; the quick ratio counts customers who came back
    for metric in ("churn_rate", "nrr", "grr", "quick_ratio"):
        assert getattr(frame.csm, metric)().tolist() == [near(value) for value in expected[metric]], metric
    assert frame.csm.arpa(mrr="end_mrr", customers="end").tolist() == [near(value) for value in expected["arpa"]]


def test_net_retention_of_march(subscriptions) -> None:
    march = movements(subscriptions).loc[["2024-03"]]
    assert march.csm.nrr().tolist() == [near(88.89875585)]
    assert march.csm.total().nrr() == near(88.89875585)
    # with reactivated customers it would be a different number
    assert march.csm.total().nrr(reactivation_mrr="reactivation_mrr") == near(88.89875585 + 43978 / 73331.15)


def test_twelve_months_in_one_comparison(subscriptions) -> None:
    # of March 2023's 891 customers, 23.68 percent are left a year later
    year = movements(subscriptions, span=12).loc[["2024-03"]]
    assert year[["start", "start_mrr"]].to_numpy().tolist() == [[891, 34135.32]]
    total = year.csm.total()
    assert total.nrr() == near(23.99795871)
    assert total.grr() == near(23.72820879)
    assert total.churn_rate() == near(100 - 23.68125701)
    kept = year["start_mrr"] + year["expansion_mrr"] - year["contraction_mrr"] - year["churned_mrr"]
    assert kept.tolist() == [pytest.approx(8191.78, abs=1e-6)]
    # twelve single months added up are different: they include the churn of customers who joined in between
    months = movements(subscriptions).loc["2023-04":"2024-03"]
    assert months["lost"].sum() > 2 * year["lost"].sum()


def test_the_same_payments_as_a_ledger(subscriptions) -> None:
    # each payment as a subscription for its calendar month: the same customers, the same money
    month = pd.PeriodIndex(subscriptions["activity_date"], freq="M")
    ledger = subscriptions.assign(start=month.start_time, end=(month + 1).start_time)
    names = {"customer": "user_id", "mrr": "inc_amt"}
    for span in (1, 12):
        got = csm.cohorts.movements_from_subscriptions(ledger, **names, span=span, as_of="2024-04-30")
        pd.testing.assert_frame_equal(got, movements(subscriptions, span=span, as_of="2024-04-30"), check_exact=True)
