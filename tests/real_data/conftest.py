"""Public data sets, read from the folder in CSMETRICS_REAL_DATA. They are not part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

VARIABLE = "CSMETRICS_REAL_DATA"
ORIGIN = {
    "telco_customer_churn.csv.gz": "IBM/telco-customer-churn-on-icp4d on GitHub, Apache-2.0",
    "sfo_airport_survey_2018.csv.gz": "the airport customer survey of 2018 on DataSF (data.sfgov.org), public domain",
    "tvc_monthly_subscriptions.csv.gz": "theventurecity/data-toolkit on GitHub, MIT",
    "gamelaunch.csv.gz": "PeerChristensen/cohorts on GitHub, MIT (user ids recoded)",
    "uci_online_retail_invoices.csv.gz": "Online Retail (352) on archive.ics.uci.edu, CC BY 4.0, one row per invoice",
}


def read(name: str) -> pd.DataFrame:
    """Read a file from the folder. Without the variable the test is skipped; without the file it fails."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        pytest.skip(
            f"needs real data: get {name} ({ORIGIN[name]}) and set {VARIABLE} to its folder; see docs/real-data.md"
        )
    path = Path(folder) / name
    if not path.is_file():
        pytest.fail(f"{VARIABLE} is set, but there is no {path}: get it from {ORIGIN[name]}")
    return pd.read_csv(path)


@pytest.fixture(scope="session")
def telco() -> pd.DataFrame:
    """One row per customer of a telephone company; Churn is "Yes" if the customer left within the last month."""
    customers = read("telco_customer_churn.csv.gz")
    # pandas takes the internet service "None" of some copies for a missing value; here it is written "No"
    return customers.rename(columns={"InternetService": "internet", "Contract": "contract"})


@pytest.fixture(scope="session")
def sfo() -> pd.DataFrame:
    """One row per passenger asked, with every code as it is in the file."""
    return read("sfo_airport_survey_2018.csv.gz")


@pytest.fixture(scope="session")
def subscriptions() -> pd.DataFrame:
    """One row per payment of a monthly subscription: activity_date, user_id, inc_amt."""
    return read("tvc_monthly_subscriptions.csv.gz")


@pytest.fixture(scope="session")
def gamelaunch() -> pd.DataFrame:
    """One row per start of the game, dated by day: userid, eventDate."""
    return read("gamelaunch.csv.gz")


@pytest.fixture(scope="session")
def invoices() -> pd.DataFrame:
    """One row per invoice of a shop, with its time; `gross` is the sum of its positive lines."""
    return read("uci_online_retail_invoices.csv.gz")
