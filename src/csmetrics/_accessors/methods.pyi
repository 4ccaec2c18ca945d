# Made by `python tests/test_stubs.py` from the registry of the metrics.

from collections.abc import Mapping
from datetime import date
from math import nan
from typing import Any, Generic, Literal, TypeVar, overload

import numpy as np
import pandas as pd

from csmetrics.core._types import AnswerColumn, Band, Day, Label, Source, Undefined, Weights

R = TypeVar("R")

class CohortMetrics(Generic[R]):
    def churn_rate(self, lost: Source = "lost", start: Source = "start", *, undefined: Undefined = nan) -> R:
        """Share of the period's opening customers who left during it (logo churn)."""
    def retention_rate(
        self,
        end: Source = "end",
        new: Source = "new",
        start: Source = "start",
        *,
        reactivated: Source = 0,
        undefined: Undefined = nan,
    ) -> R:
        """Share of the period's opening customers who are still there at its end."""
    def renewal_rate(self, renewed: Source = "renewed", due: Source = "due", *, undefined: Undefined = nan) -> R:
        """Share of the contracts due for renewal in the period that were renewed."""
    def reactivation_rate(
        self, reactivated: Source = "reactivated", lapsed: Source = "lapsed", *, undefined: Undefined = nan
    ) -> R:
        """Share of the customers who had left by the period's start who came back during it."""
    def average_lifetime(
        self,
        churn_rate: Source = "churn_rate",
        *,
        undefined: Undefined = nan,
        lost: Source = "lost",
        start: Source = "start",
    ) -> R:
        """Periods that a customer stays on average when every period loses the same share."""
    def compound_churn_rate(
        self,
        churn_rate: Source = "churn_rate",
        periods: Source = "periods",
        *,
        undefined: Undefined = nan,
        lost: Source = "lost",
        start: Source = "start",
    ) -> R:
        """Churn over several periods that each lose the same share; over 1/12 of a period as well."""
    def compound_retention_rate(
        self,
        retention_rate: Source = "retention_rate",
        periods: Source = "periods",
        *,
        undefined: Undefined = nan,
        end: Source = "end",
        new: Source = "new",
        start: Source = "start",
        reactivated: Source = 0,
    ) -> R:
        """Retention over several periods that each keep the same share; over 1/12 of a period as well."""
    def customer_growth_rate(self, start: Source = "start", end: Source = "end", *, undefined: Undefined = nan) -> R:
        """Change of the number of customers over the period, against its opening."""
    def mrr(
        self, amount: Source = "amount", interval: Source = "month", count: Source = 1, *, undefined: Undefined = nan
    ) -> R:
        """Monthly value of one subscription, whatever the interval of its bills."""
    def arr(self, mrr: Source = "mrr", *, undefined: Undefined = nan) -> R:
        """Recurring revenue of a year at today's monthly value."""
    def arpa(self, mrr: Source = "mrr", customers: Source = "customers", *, undefined: Undefined = nan) -> R:
        """Monthly recurring revenue per paying customer."""
    def asp(self, new_mrr: Source = "new_mrr", new: Source = "new", *, undefined: Undefined = nan) -> R:
        """Monthly recurring revenue that a customer won in the period starts with, on average."""
    def net_new_mrr(
        self,
        new_mrr: Source = "new_mrr",
        expansion_mrr: Source = "expansion_mrr",
        contraction_mrr: Source = "contraction_mrr",
        churned_mrr: Source = "churned_mrr",
        *,
        reactivation_mrr: Source = 0,
        undefined: Undefined = nan,
    ) -> R:
        """Change of monthly recurring revenue over the period: everything gained less everything lost."""
    def gross_revenue_churn_rate(
        self,
        start_mrr: Source = "start_mrr",
        contraction_mrr: Source = "contraction_mrr",
        churned_mrr: Source = "churned_mrr",
        *,
        undefined: Undefined = nan,
    ) -> R:
        """Share of the period's opening MRR lost to customers who left or now pay less."""
    def net_revenue_churn_rate(
        self,
        start_mrr: Source = "start_mrr",
        expansion_mrr: Source = "expansion_mrr",
        contraction_mrr: Source = "contraction_mrr",
        churned_mrr: Source = "churned_mrr",
        *,
        reactivation_mrr: Source = 0,
        undefined: Undefined = nan,
    ) -> R:
        """Share of the period's opening MRR lost, after what the same customers added."""
    def grr(
        self,
        start_mrr: Source = "start_mrr",
        contraction_mrr: Source = "contraction_mrr",
        churned_mrr: Source = "churned_mrr",
        *,
        undefined: Undefined = nan,
    ) -> R:
        """Share of the period's opening MRR that is still there at its end, without anything added."""
    def nrr(
        self,
        start_mrr: Source = "start_mrr",
        expansion_mrr: Source = "expansion_mrr",
        contraction_mrr: Source = "contraction_mrr",
        churned_mrr: Source = "churned_mrr",
        *,
        reactivation_mrr: Source = 0,
        undefined: Undefined = nan,
    ) -> R:
        """Revenue from the period's opening customers at its end, as a share of what they paid at its start."""
    def expansion_rate(
        self, expansion_mrr: Source = "expansion_mrr", start_mrr: Source = "start_mrr", *, undefined: Undefined = nan
    ) -> R:
        """MRR that the period's opening customers added, as a share of what they paid at its start."""
    def contraction_rate(
        self,
        contraction_mrr: Source = "contraction_mrr",
        start_mrr: Source = "start_mrr",
        *,
        undefined: Undefined = nan,
    ) -> R:
        """Share of the period's opening MRR given up by customers who stayed and pay less."""
    def mrr_growth_rate(
        self, start_mrr: Source = "start_mrr", end_mrr: Source = "end_mrr", *, undefined: Undefined = nan
    ) -> R:
        """Change of monthly recurring revenue over the period, against its opening."""
    def quick_ratio(
        self,
        new_mrr: Source = "new_mrr",
        expansion_mrr: Source = "expansion_mrr",
        contraction_mrr: Source = "contraction_mrr",
        churned_mrr: Source = "churned_mrr",
        *,
        reactivation_mrr: Source = 0,
        undefined: Undefined = nan,
    ) -> R:
        """Recurring revenue gained in the period per unit of recurring revenue lost."""
    def earned_growth_rate(
        self,
        nrr: Source = "nrr",
        earned_new: Source = "earned_new",
        *,
        undefined: Undefined = nan,
        start_mrr: Source = "start_mrr",
        expansion_mrr: Source = "expansion_mrr",
        contraction_mrr: Source = "contraction_mrr",
        churned_mrr: Source = "churned_mrr",
        reactivation_mrr: Source = 0,
    ) -> R:
        """Growth that comes from customers who stay, buy more and bring others."""
    def clv(
        self,
        arpa: Source = "arpa",
        churn_rate: Source = "churn_rate",
        gross_margin: Source = 100,
        *,
        undefined: Undefined = nan,
        mrr: Source = "mrr",
        customers: Source = "customers",
        lost: Source = "lost",
        start: Source = "start",
    ) -> R:
        """Gross margin that a customer brings over its lifetime, when every period loses the same share."""
    def clv_from_purchases(
        self,
        order_value: Source = "order_value",
        purchases: Source = "purchases",
        lifetime: Source = "lifetime",
        gross_margin: Source = 100,
        *,
        undefined: Undefined = nan,
    ) -> R:
        """Gross margin that a customer without a contract brings over its lifetime."""
    def historical_clv(
        self, revenue: Source = "revenue", customers: Source = "customers", *, undefined: Undefined = nan
    ) -> R:
        """What customers have brought so far, per customer."""
    def discounted_clv(
        self,
        margin: Source = "margin",
        retention_rate: Source = "retention_rate",
        discount_rate: Source = "discount_rate",
        *,
        first_payment: Literal["now", "next", "certain_next"] = "now",
        horizon: int | None = None,
        undefined: Undefined = nan,
        end: Source = "end",
        new: Source = "new",
        start: Source = "start",
        reactivated: Source = 0,
    ) -> R:
        """Present value of a customer's margin, when every period keeps the same share of customers."""
    def cac(
        self, acquisition_cost: Source = "acquisition_cost", new: Source = "new", *, undefined: Undefined = nan
    ) -> R:
        """Average cost of winning one customer."""
    def crc(
        self, retention_cost: Source = "retention_cost", retained: Source = "retained", *, undefined: Undefined = nan
    ) -> R:
        """Average cost of keeping one customer."""
    def crc_ratio(
        self, retention_cost: Source = "retention_cost", revenue: Source = "revenue", *, undefined: Undefined = nan
    ) -> R:
        """Cost of keeping customers as a share of the revenue from them."""
    def clv_to_cac(
        self,
        clv: Source = "clv",
        cac: Source = "cac",
        *,
        undefined: Undefined = nan,
        arpa: Source = "arpa",
        churn_rate: Source = "churn_rate",
        gross_margin: Source = 100,
        mrr: Source = "mrr",
        customers: Source = "customers",
        lost: Source = "lost",
        start: Source = "start",
        acquisition_cost: Source = "acquisition_cost",
        new: Source = "new",
    ) -> R:
        """Lifetime value of a customer per unit of money spent on winning it."""
    def clv_to_crc(
        self,
        clv: Source = "clv",
        crc: Source = "crc",
        *,
        undefined: Undefined = nan,
        arpa: Source = "arpa",
        churn_rate: Source = "churn_rate",
        gross_margin: Source = 100,
        mrr: Source = "mrr",
        customers: Source = "customers",
        lost: Source = "lost",
        start: Source = "start",
        retention_cost: Source = "retention_cost",
        retained: Source = "retained",
    ) -> R:
        """Lifetime value of a customer per unit of money spent on keeping it."""
    def cac_payback(
        self,
        cac: Source = "cac",
        arpa: Source = "arpa",
        gross_margin: Source = 100,
        *,
        undefined: Undefined = nan,
        acquisition_cost: Source = "acquisition_cost",
        new: Source = "new",
        mrr: Source = "mrr",
        customers: Source = "customers",
    ) -> R:
        """Periods until a customer's margin has earned back what winning it cost."""
    def nps(
        self,
        promoters: Source = "promoters",
        passives: Source = "passives",
        detractors: Source = "detractors",
        *,
        undefined: Undefined = nan,
    ) -> R:
        """Percent of promoters minus percent of detractors among those who answered (Net Promoter Score)."""
    def nps_from_scores(
        self,
        scores: Label = "scores",
        *,
        weights: Label | None = None,
        scale: tuple[int, int] = (0, 10),
        promoters: int | None = None,
        detractors: int | None = None,
        undefined: Undefined = nan,
    ) -> R:
        """Net Promoter Score of one column of answers to "how likely are you to recommend us"."""
    def csat(
        self, satisfied: Source = "satisfied", responses: Source = "responses", *, undefined: Undefined = nan
    ) -> R:
        """Share of the answers that are satisfied (CSAT, top box)."""
    def csat_from_ratings(
        self,
        ratings: Label = "ratings",
        *,
        weights: Label | None = None,
        scale: tuple[int, int] = (1, 5),
        top: int | None = None,
        undefined: Undefined = nan,
    ) -> R:
        """Share of one column of ratings that are among the `top` highest of the scale."""
    def csat_mean_from_ratings(
        self, ratings: Label = "ratings", *, scale: tuple[int, int] = (1, 5), undefined: Undefined = nan
    ) -> R:
        """Mean of one column of satisfaction ratings, in rating units."""
    def ces(
        self, effort_sum: Source = "effort_sum", responses: Source = "responses", *, undefined: Undefined = nan
    ) -> R:
        """Mean of the answers to "it was easy to get my issue resolved" (CES 2.0, 1 to 7)."""
    def ces_from_ratings(
        self, ratings: Label = "ratings", *, scale: tuple[int, int] = (1, 7), undefined: Undefined = nan
    ) -> R:
        """Mean of one column of answers to "it was easy to get my issue resolved"."""
    def ces_top_box(self, easy: Source = "easy", responses: Source = "responses", *, undefined: Undefined = nan) -> R:
        """Share of the answers that found it easy."""
    def net_easy_score(
        self,
        easy: Source = "easy",
        difficult: Source = "difficult",
        responses: Source = "responses",
        *,
        undefined: Undefined = nan,
    ) -> R:
        """Percent who found it easy minus percent who found it difficult."""
    def response_rate(
        self, responses: Source = "responses", invited: Source = "invited", *, undefined: Undefined = nan
    ) -> R:
        """Share of those asked who answered."""
    def closed_loop_rate(
        self, followed_up: Source = "followed_up", due: Source = "due", *, undefined: Undefined = nan
    ) -> R:
        """Share of the answers due for a follow-up that got one."""
    def net_sentiment(
        self,
        positive: Source = "positive",
        neutral: Source = "neutral",
        negative: Source = "negative",
        *,
        undefined: Undefined = nan,
    ) -> R:
        """Percent of positive mentions minus percent of negative ones."""
    def theme_priority(
        self, severity: Source = "severity", frequency: Source = "frequency", *, undefined: Undefined = nan
    ) -> R:
        """How bad a theme of the feedback is times how often it comes up."""
    def fcr(
        self,
        resolved_first_contact: Source = "resolved_first_contact",
        contacts: Source = "contacts",
        *,
        undefined: Undefined = nan,
    ) -> R:
        """Share of the customers' issues that were settled at the first contact (gross FCR)."""
    def first_response_time(
        self, response_time: Source = "response_time", responded: Source = "responded", *, undefined: Undefined = nan
    ) -> R:
        """Mean time that a ticket waits for its first answer."""
    def resolution_time(
        self,
        resolution_time_sum: Source = "resolution_time_sum",
        resolved: Source = "resolved",
        *,
        undefined: Undefined = nan,
    ) -> R:
        """Mean time from a ticket's creation to its solution."""
    def average_handle_time(
        self,
        talk_time: Source = "talk_time",
        hold_time: Source = "hold_time",
        wrap_time: Source = "wrap_time",
        contacts: Source = "contacts",
        *,
        undefined: Undefined = nan,
    ) -> R:
        """Mean time that agents work on one contact: talk, hold and the work after it."""
    def reopen_rate(
        self, reopened: Source = "reopened", resolved: Source = "resolved", *, undefined: Undefined = nan
    ) -> R:
        """Share of the solved tickets that were opened again."""
    def escalation_rate(
        self, escalated: Source = "escalated", tickets: Source = "tickets", *, undefined: Undefined = nan
    ) -> R:
        """Share of the tickets that were handed up to a higher level."""
    def sla_attainment(self, met: Source = "met", measured: Source = "measured", *, undefined: Undefined = nan) -> R:
        """Share of the tickets under a service level agreement that kept its time limit."""
    def self_service_rate(
        self, self_served: Source = "self_served", assisted: Source = "assisted", *, undefined: Undefined = nan
    ) -> R:
        """Share of the customers' questions that they answered by themselves."""
    def contact_rate(
        self, tickets: Source = "tickets", customers: Source = "customers", *, undefined: Undefined = nan
    ) -> R:
        """Tickets of the period for every hundred customers."""
    def cost_per_ticket(
        self, support_cost: Source = "support_cost", tickets: Source = "tickets", *, undefined: Undefined = nan
    ) -> R:
        """Mean cost of one ticket."""
    def repeat_contact_rate(
        self, repeat_contacts: Source = "repeat_contacts", contacts: Source = "contacts", *, undefined: Undefined = nan
    ) -> R:
        """Share of the contacts that came about an issue that the customer had raised before."""
    def ticket_backlog(
        self,
        backlog_start: Source = "backlog_start",
        received: Source = "received",
        reopened: Source = "reopened",
        resolved: Source = "resolved",
        *,
        cancelled: Source = 0,
        undefined: Undefined = nan,
    ) -> R:
        """Tickets still open at the end of the period."""
    def adoption_rate(
        self, adopters: Source = "adopters", eligible: Source = "eligible", *, undefined: Undefined = nan
    ) -> R:
        """Share of those who could use the product, or one feature of it, who do."""
    def feature_adoption_rate(
        self,
        features_used: Source = "features_used",
        features_available: Source = "features_available",
        *,
        undefined: Undefined = nan,
    ) -> R:
        """Share of the features that customers have which they actively use."""
    def activation_rate(
        self, activated: Source = "activated", signups: Source = "signups", *, undefined: Undefined = nan
    ) -> R:
        """Share of the signups that reached the step at which the product proves useful."""
    def license_utilization(
        self,
        seats_used: Source = "seats_used",
        seats_licensed: Source = "seats_licensed",
        *,
        undefined: Undefined = nan,
    ) -> R:
        """Seats in use of every hundred that the customer pays for."""
    def active_rate(self, active: Source = "active", total: Source = "total", *, undefined: Undefined = nan) -> R:
        """Share of all users who are still active."""
    def stickiness(self, dau: Source = "dau", mau: Source = "mau", *, undefined: Undefined = nan) -> R:
        """Share of the month's users who come on a given day."""
    def lifecycle_quick_ratio(
        self,
        new_users: Source = "new_users",
        resurrected: Source = "resurrected",
        dormant: Source = "dormant",
        *,
        undefined: Undefined = nan,
    ) -> R:
        """Users who came or came back for each one who went quiet."""
    def engagement_score(
        self, counts: list[Any] | Mapping[Any, Any], weights: Weights, *, undefined: Undefined = nan
    ) -> R:
        """Sum of what a customer did, each kind of action with its weight."""
    def repeat_purchase_rate(
        self,
        repeat_customers: Source = "repeat_customers",
        customers: Source = "customers",
        *,
        undefined: Undefined = nan,
    ) -> R:
        """Share of the customers who bought more than once."""
    def conversion_rate(
        self, converted: Source = "converted", entered: Source = "entered", *, undefined: Undefined = nan
    ) -> R:
        """Share of those who entered a step, or a whole funnel, that went on to the next."""
    def onboarding_completion_rate(
        self, completed: Source = "completed", started: Source = "started", *, undefined: Undefined = nan
    ) -> R:
        """Share of the customers who started onboarding who completed it."""
    def ttv(self, started_at: Label | Day = "started_at", value_at: Label | Day = "value_at") -> R:
        """Days from a customer's start to the moment it first gets the value it came for."""
    def median_ttv(
        self,
        started_at: Label = "started_at",
        value_at: Label = "value_at",
        *,
        as_of: date | np.datetime64 | str,
        undefined: Undefined = nan,
    ) -> R:
        """Days within which half of the customers get value; those still waiting count up to the last day observed."""
    def onboarding_time(self, started_at: Label | Day = "started_at", completed_at: Label | Day = "completed_at") -> R:
        """Days from the start of a customer's onboarding to its completion."""
    def tutorials_per_customer(
        self,
        tutorial_visits: Source = "tutorial_visits",
        customers: Source = "customers",
        *,
        undefined: Undefined = nan,
    ) -> R:
        """Tutorials that a customer in onboarding visits on average."""
    def goal_attainment(
        self,
        current: Source = "current",
        target: Source = "target",
        baseline: Source = 0,
        *,
        undefined: Undefined = nan,
    ) -> R:
        """How much of the way from the baseline to the target a customer's goal has come."""
    def value_realization_rate(
        self, realized: Source = "realized", customers: Source = "customers", *, undefined: Undefined = nan
    ) -> R:
        """Share of the customers with a goal who reached the outcome they came for."""
    def referral_rate(
        self, referrers: Source = "referrers", customers: Source = "customers", *, undefined: Undefined = nan
    ) -> R:
        """Share of the customers who referred somebody."""
    def referral_share(
        self, referred_new: Source = "referred_new", new: Source = "new", *, undefined: Undefined = nan
    ) -> R:
        """Share of the period's new customers who came by referral."""
    def referral_conversion_rate(
        self, converted: Source = "converted", referrals: Source = "referrals", *, undefined: Undefined = nan
    ) -> R:
        """Share of the people referred who became customers."""
    def viral_coefficient(
        self,
        invites_per_customer: Source = "invites_per_customer",
        conversion_rate: Source = "conversion_rate",
        *,
        undefined: Undefined = nan,
        converted: Source = "converted",
        entered: Source = "entered",
    ) -> R:
        """Mean number of new customers whom one customer brings."""
    def health_score(self, scores: list[Any] | Mapping[Any, Any], weights: Weights, *, undefined: Undefined = nan) -> R:
        """Weighted mean of several scores of one customer; a missing score leaves the mean."""
    def normalize_score(
        self,
        value: Source = "value",
        low: Source = "low",
        high: Source = "high",
        *,
        better: Literal["high", "low"] = "high",
        undefined: Undefined = nan,
    ) -> R:
        """Bring any measure to points from 0 to 100, along a straight line between two values."""
    @overload
    def health_band(
        self: CohortMetrics[float], score: Source = "score", red: Source = 50, yellow: Source = 75
    ) -> Band | None:
        """Name the band that a health score lies in: red, yellow or green."""
    @overload
    def health_band(
        self: CohortMetrics[pd.Series[float]], score: Source = "score", red: Source = 50, yellow: Source = 75
    ) -> pd.Series[Any]:
        """Name the band that a health score lies in: red, yellow or green."""
    def at_risk_rate(
        self, at_risk: Source = "at_risk", customers: Source = "customers", *, undefined: Undefined = nan
    ) -> R:
        """Share of the customers who are at risk of leaving."""

class AnswerMetrics:
    def nps(
        self,
        *,
        scale: tuple[int, int] = (0, 10),
        promoters: int | None = None,
        detractors: int | None = None,
        weights: AnswerColumn | None = None,
        undefined: Undefined = nan,
    ) -> float:
        """Net Promoter Score of one column of answers to "how likely are you to recommend us"."""
    def csat(
        self,
        *,
        scale: tuple[int, int] = (1, 5),
        top: int | None = None,
        weights: AnswerColumn | None = None,
        undefined: Undefined = nan,
    ) -> float:
        """Share of one column of ratings that are among the `top` highest of the scale."""
    def csat_mean(self, *, scale: tuple[int, int] = (1, 5), undefined: Undefined = nan) -> float:
        """Mean of one column of satisfaction ratings, in rating units."""
    def ces(self, *, scale: tuple[int, int] = (1, 7), undefined: Undefined = nan) -> float:
        """Mean of one column of answers to "it was easy to get my issue resolved"."""
