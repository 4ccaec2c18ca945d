"""Help that customers get: how often they need it, how soon it comes, whether it settles the matter."""

from __future__ import annotations

from math import nan

from csmetrics.core._evaluate import evaluate, mean, rate, share
from csmetrics.core._guards import ordinary
from csmetrics.core._numeric import percent
from csmetrics.core._registry import COUNT, DURATION, MONEY, at_most, flow, metric, stock
from csmetrics.core._sampled import not_sampled, sampled
from csmetrics.core._types import T, Undefined, Values


@metric(
    title="First contact resolution rate",
    aliases=(
        "FCR",
        "FCR rate",
        "first call resolution",
        "first touch resolution",
        "one-touch resolution",
        "one touch",
        "issues resolved at first interaction",
    ),
    questions=("Do we solve issues at the first contact?", "How many issues are resolved in one touch?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"resolved_first_contact": flow(COUNT), "contacts": flow(COUNT)},
    rules=[at_most("resolved_first_contact", "contacts", hint="count only contacts that are in `contacts`")],
    rises=("resolved_first_contact",),
    falls=("contacts",),
    rivals={
        "issues / all contacts": lambda contacts, repeat_contacts: 100 * contacts / (contacts + repeat_contacts),
        "resolved at first contact / solved tickets": lambda resolved_first_contact, resolved: (
            100 * resolved_first_contact / resolved
        ),
    },
    own_base={"contacts": "fcr_known"},
    base="contacts",
)
def fcr(resolved_first_contact: T, contacts: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the customers' issues that were settled at the first contact (gross FCR).

    .. math:: \text{FCR} = \frac{\text{resolved first contact}}{\text{contacts}} \times 100

    Parameters
    ----------
    resolved_first_contact
        Issues counted in `contacts` that needed no second contact.
    contacts
        Issues that customers brought in the period, each counted once.
    undefined
        Value where `contacts` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `resolved_first_contact` exceeds `contacts`.
    UndefinedMetricError
        If `contacts` is 0 and ``undefined="raise"``.

    See Also
    --------
    repeat_contact_rate, reopen_rate, resolution_time

    Notes
    -----
    Whether an issue was settled shows only later: choose a window in which the customer did not come back (3 to 14
    days are in use), and leave out issues younger than it.

    Other definitions in use:

    * net FCR: issues that the first level cannot settle leave the base (MetricNet). Give the smaller `contacts`.
    * 100 - `repeat_contact_rate`: counts every contact, also the second and third of one issue.
    * issues / all contacts: 1.9 contacts for each issue give 53 %. The two are not the same measure.
    * resolved at first contact / solved tickets, the first being those with fewer than two agent replies (Zendesk) or
      with no further customer reply (Freshservice): unsolved tickets are not in the base.
    * share of customers who say so in a survey: counts only those who answer.

    Pitfalls:

    * Without the whole window after a period its FCR is too high.
    * Customers who give up do not come back either.

    References
    ----------
    .. [1] court323, "First contact resolution", https://court323.com/?p=930
    .. [2] MetricNet on gross and net FCR, http://customerthink.com/first_call_resolution_metrics_gross_vs_net_fcr/

    Examples
    --------
    >>> fcr(resolved_first_contact=210, contacts=300)
    70.0
    """
    return share(fcr, resolved_first_contact, contacts, undefined)


@metric(
    title="First response time",
    aliases=("FRT", "first reply time", "average first response time", "response time", "time to first response"),
    questions=("How long do customers wait for a first reply?", "Does support answer fast enough?"),
    unit="time",
    better="lower",
    bounds=(0, None),
    inputs={"response_time": flow(DURATION), "responded": flow(COUNT)},
    rises=("response_time",),
    falls=("responded",),
    base="responded",
)
def first_response_time(response_time: T, responded: Values, *, undefined: Undefined = nan) -> T:
    r"""Mean time that a ticket waits for its first answer.

    .. math:: \text{first response time} = \frac{\text{response time}}{\text{responded}}

    Parameters
    ----------
    response_time
        Total time from creation to first answer of the tickets in `responded`, in any unit.
    responded
        Tickets that got their first answer in the period.
    undefined
        Value where `responded` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Time in the unit of `response_time`; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If `responded` is 0 and ``undefined="raise"``.

    See Also
    --------
    resolution_time, average_handle_time, sla_attainment

    Notes
    -----
    The clock usually ends at the first public answer by a person; automatic receipts do not count.

    Other definitions in use:

    * median or 90th percentile instead of the mean: one forgotten ticket does not move the median.
    * business hours instead of the calendar: 18:00 to 08:00 is 14 hours, or 1 where work starts at 07:00.
    * from assignment instead of creation (Zoho reports both).
    * the first answer of any kind, also automatic: near 0 wherever receipts are sent.

    Pitfalls:

    * Tickets still without an answer are in neither input, so a growing backlog can look like faster answers.
    * Do not average the means of teams or days; add up times and tickets first.

    References
    ----------
    .. [1] SparrowDesk, "First response time (FRT)".
    .. [2] fivetran/dbt_zendesk, DECISIONLOG.md, on business minutes.

    Examples
    --------
    >>> first_response_time(response_time=1200, responded=100)
    12.0
    """
    return mean(first_response_time, response_time, responded, undefined)


@metric(
    title="Average resolution time",
    aliases=("resolution time", "MTTR", "mean time to resolution", "time to resolution", "time to resolve"),
    questions=("How long does it take to solve a ticket?", "Is support too slow to resolve issues?"),
    unit="time",
    better="lower",
    bounds=(0, None),
    inputs={"resolution_time_sum": flow(DURATION), "resolved": flow(COUNT)},
    rises=("resolution_time_sum",),
    falls=("resolved",),
    own_base={"resolved": "timed"},
    base="resolved",
)
def resolution_time(resolution_time_sum: T, resolved: Values, *, undefined: Undefined = nan) -> T:
    r"""Mean time from a ticket's creation to its solution.

    .. math:: \text{resolution time} = \frac{\text{resolution time sum}}{\text{resolved}}

    Parameters
    ----------
    resolution_time_sum
        Total time from creation to solution of the tickets in `resolved`, in any unit.
    resolved
        Tickets that were solved in the period.
    undefined
        Value where `resolved` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Time in the unit of `resolution_time_sum`; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If `resolved` is 0 and ``undefined="raise"``.

    See Also
    --------
    first_response_time, average_handle_time, reopen_rate

    Notes
    -----
    Say which solution ends the clock where tickets are reopened. Created 09:00, solved 09:30, reopened 09:45 and
    solved 10:15 is 30 minutes to the first and 75 to the last.

    Other definitions in use:

    * first resolution time: up to the first solution, whether it held or not.
    * full resolution time: up to the last one (Geckoboard).
    * without the time spent waiting for the customer, on hold, or solved before a reopening.
    * median instead of the mean: a ticket 90 days old moves the mean and not the median.

    Pitfalls:

    * Clearing out old tickets raises the figure in the month in which the work was done.
    * Do not average daily means; add up times and tickets first.

    References
    ----------
    .. [1] okrify, "Mean time to resolution", https://okrify.com/mean-time-to-resolution
    .. [2] Bird, first and full resolution time, https://docs.bird.com

    Examples
    --------
    >>> resolution_time(resolution_time_sum=500, resolved=100)
    5.0
    """
    return mean(resolution_time, resolution_time_sum, resolved, undefined)


@metric(
    title="Average handle time",
    aliases=("AHT", "average handling time", "handle time", "handling time", "average call time"),
    questions=("How long does an agent work on one contact?", "How much time do calls take our agents?"),
    unit="time",
    better="lower",
    bounds=(0, None),
    inputs={
        "talk_time": flow(DURATION),
        "hold_time": flow(DURATION),
        "wrap_time": flow(DURATION),
        "contacts": flow(COUNT),
    },
    rises=("talk_time", "hold_time", "wrap_time"),
    falls=("contacts",),
    rivals={
        "talk time alone": lambda talk_time, contacts: talk_time / contacts,
    },
    base="contacts",
    sampled=sampled("mean", "talk_time + hold_time + wrap_time", "contacts"),
)
def average_handle_time(
    talk_time: T, hold_time: Values, wrap_time: Values, contacts: Values, *, undefined: Undefined = nan
) -> T:
    r"""Mean time that agents work on one contact: talk, hold and the work after it.

    .. math:: \text{AHT} = \frac{\text{talk time} + \text{hold time} + \text{wrap time}}{\text{contacts}}

    Parameters
    ----------
    talk_time
        Total time in conversation, in any unit.
    hold_time
        Total time that customers were on hold during contacts, in the same unit.
    wrap_time
        Total time of work after the contacts, in the same unit.
    contacts
        Contacts that were handled.
    undefined
        Value where `contacts` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Time in the unit of the inputs; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If `contacts` is 0 and ``undefined="raise"``.

    See Also
    --------
    resolution_time, first_response_time, cost_per_ticket

    Notes
    -----
    It measures effort, not the customer's wait: time in the queue before the contact does not count.

    Other definitions in use:

    * with dialing time for outbound calls (Genesys): add it to `talk_time`.
    * with ringing and transfer time: add it to `hold_time`.
    * talk time alone: average talk time, shorter by hold and wrap.

    Pitfalls:

    * An agent in three chats at once spends each minute once; divide chat time by the number of chats first.
    * Do not average the means of agents; add up times and contacts first.
    * Shorter is not better where it sends customers back: read it beside `fcr`.

    References
    ----------
    .. [1] calculator.city, "Average time per call", https://cal53.calculator.city/average-time-per-call-calculator

    Examples
    --------
    >>> average_handle_time(talk_time=500, hold_time=50, wrap_time=120, contacts=100)
    6.7
    """
    if ordinary[average_handle_time](undefined, talk_time, hold_time, wrap_time, contacts):
        return (talk_time + hold_time + wrap_time) / contacts + 0.0
    return evaluate(average_handle_time, undefined, talk_time, hold_time, wrap_time, contacts)


@metric(
    title="Ticket reopen rate",
    aliases=("reopen rate", "reopened tickets", "reopens", "re-open rate"),
    questions=("How many solved tickets are opened again?", "Do our fixes last?"),
    unit="percent",
    better="lower",
    bounds=(0, 100),
    inputs={"reopened": flow(COUNT), "resolved": flow(COUNT)},
    rules=[at_most("reopened", "resolved", hint="count each reopened ticket once, and only tickets in `resolved`")],
    rises=("reopened",),
    falls=("resolved",),
    own_base={"resolved": "reopen_known"},
    base="resolved",
)
def reopen_rate(reopened: T, resolved: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the solved tickets that were opened again.

    .. math:: \text{reopen rate} = \frac{\text{reopened}}{\text{resolved}} \times 100

    Parameters
    ----------
    reopened
        Tickets counted in `resolved` that were opened again, each counted once.
    resolved
        Tickets that were solved in the period.
    undefined
        Value where `resolved` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `reopened` exceeds `resolved`.
    UndefinedMetricError
        If `resolved` is 0 and ``undefined="raise"``.

    See Also
    --------
    fcr, repeat_contact_rate, ticket_backlog

    Notes
    -----
    It follows the tickets solved in the period, so give them all the same time to come back.

    Other definitions in use:

    * reopenings / resolved: a ticket reopened three times counts three times, and the rate may pass 100 %.
    * tickets reopened in the period / tickets solved in it: not the same tickets, so a slow month follows a busy one.

    Pitfalls:

    * A "thank you" that reopens the ticket is no failed solution.
    * Customers who open a new ticket instead are not seen; `repeat_contact_rate` sees them.

    References
    ----------
    .. [1] Klipfolio MetricHQ, "Ticket reopen rate", mhq-gatsby.pages.dev/support/ticket-reopen-rate

    Examples
    --------
    >>> reopen_rate(reopened=27, resolved=450)
    6.0
    """
    return share(reopen_rate, reopened, resolved, undefined)


@metric(
    title="Escalation rate",
    aliases=("ticket escalation rate", "escalated tickets", "escalations", "tier 2 rate"),
    questions=("How many tickets are escalated?", "How often does first-line support hand a ticket to the next tier?"),
    unit="percent",
    better="lower",
    bounds=(0, 100),
    inputs={"escalated": flow(COUNT), "tickets": flow(COUNT)},
    rules=[at_most("escalated", "tickets", hint="count each escalated ticket once, and only tickets in `tickets`")],
    rises=("escalated",),
    falls=("tickets",),
    own_base={"tickets": "escalation_known"},
    base="tickets",
)
def escalation_rate(escalated: T, tickets: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the tickets that were handed up to a higher level.

    .. math:: \text{escalation rate} = \frac{\text{escalated}}{\text{tickets}} \times 100

    Parameters
    ----------
    escalated
        Tickets counted in `tickets` that went to a higher level, each counted once.
    tickets
        Tickets of the period.
    undefined
        Value where `tickets` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `escalated` exceeds `tickets`.
    UndefinedMetricError
        If `tickets` is 0 and ``undefined="raise"``.

    See Also
    --------
    fcr, sla_attainment

    Notes
    -----
    Say whether tickets opened in the period are meant or tickets closed in it, and use the same ones in both inputs.

    Other definitions in use:

    * with transfers to a team on the same level (Plecto): measures routing as well as difficulty.
    * escalations / tickets: a ticket handed up twice counts twice.

    Pitfalls:

    * A low rate may mean that the first level holds on to tickets for too long.

    References
    ----------
    .. [1] calculator.academy, "Escalation rate calculator".

    Examples
    --------
    >>> escalation_rate(escalated=15, tickets=500)
    3.0
    """
    return share(escalation_rate, escalated, tickets, undefined)


@metric(
    title="SLA attainment",
    aliases=(
        "SLA breach",
        "SLA compliance",
        "SLA achievement",
        "SLA success rate",
        "service level agreement",
        "service level",
    ),
    questions=("Do we keep our service level agreements?", "How many tickets are answered within the promised time?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"met": flow(COUNT), "measured": flow(COUNT)},
    rules=[at_most("met", "measured", hint="count only tickets that are in `measured`")],
    rises=("met",),
    falls=("measured",),
    rivals={
        "all tickets opened in the period below the line": lambda met, tickets: 100 * met / tickets,
    },
    base="measured",
)
def sla_attainment(met: T, measured: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the tickets under a service level agreement that kept its time limit.

    .. math:: \text{SLA attainment} = \frac{\text{met}}{\text{measured}} \times 100

    Parameters
    ----------
    met
        Tickets counted in `measured` that kept the limit.
    measured
        Tickets whose outcome is known: the limit was kept, or it has passed, whether they are solved or not.
    undefined
        Value where `measured` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `met` exceeds `measured`.
    UndefinedMetricError
        If `measured` is 0 and ``undefined="raise"``.

    See Also
    --------
    first_response_time, resolution_time, escalation_rate

    Notes
    -----
    Tickets without an agreement are not measured. The breach rate is 100 minus this.

    Other definitions in use:

    * only tickets closed in the period below the line: open tickets long past their limit do not count.
    * all tickets opened in the period below the line: those whose limit has not passed yet count as failures.
    * share of calls answered within some seconds: the call center's service level; the same formula on calls.

    Pitfalls:

    * A ticket whose priority is lowered after its limit has passed was still late.
    * With one limit for the answer and one for the solution there are two figures; do not mix them.

    References
    ----------
    .. [1] calculator.city, SLA rate of 85 % against a target of 90 %, https://cal56.calculator.city/?p=188945

    Examples
    --------
    >>> sla_attainment(met=85, measured=100)
    85.0
    """
    return share(sla_attainment, met, measured, undefined)


@metric(
    title="Self-service rate",
    aliases=(
        "self service rate",
        "self-service resolution rate",
        "ticket deflection rate",
        "deflection rate",
        "case deflection",
        "containment rate",
        "knowledge base deflection",
        "customers finding answers by themselves",
    ),
    questions=("Do customers find answers by themselves?", "Does the help center keep tickets away?"),
    unit="percent",
    better="higher",
    bounds=(0, 100),
    inputs={"self_served": flow(COUNT), "assisted": flow(COUNT)},
    rises=("self_served",),
    falls=("assisted",),
    rivals={
        "self-served / assisted": lambda self_served, assisted: 100 * self_served / assisted,
    },
    base="self_served + assisted",
    sampled=sampled("share", "self_served", "self_served + assisted"),
)
def self_service_rate(self_served: T, assisted: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the customers' questions that they answered by themselves.

    .. math:: \text{self-service rate} = \frac{\text{self-served}}{\text{self-served} + \text{assisted}} \times 100

    Parameters
    ----------
    self_served
        Questions settled in the help center, by a bot or in the community, without an agent.
    assisted
        Questions that went to an agent.
    undefined
        Value where both are 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If both are 0 and ``undefined="raise"``.

    See Also
    --------
    contact_rate, cost_per_ticket, fcr

    Notes
    -----
    Nobody sees for certain that a question was settled without a ticket. Write down the rule for it, and keep it.

    Other definitions in use:

    * self-served / assisted, as Zendesk's self-service score (help center users / users with tickets): a ratio. 4 to 1,
      which is 400 %, is 80 % here.
    * (article views - tickets after a view) / article views: a base of views, not of questions.
    * questions settled without an agent / all questions, also those never answered: lower than this one.

    Pitfalls:

    * "No ticket within 24 hours" counts those who gave up as served.
    * Visitors who only browse are not questions; they inflate `self_served`.

    References
    ----------
    .. [1] aicxstack glossary, "Ticket deflection rate", https://aicxstack.com/glossary/ticket-deflection-rate

    Examples
    --------
    >>> self_service_rate(self_served=400, assisted=600)
    40.0
    """
    if ordinary[self_service_rate](undefined, self_served, assisted):
        return percent(self_served, self_served + assisted)
    return evaluate(self_service_rate, undefined, self_served, assisted)


@metric(
    title="Contact rate",
    aliases=("tickets per customer", "ticket rate", "contact ratio", "contacts per customer", "ticket volume"),
    questions=("How often do customers contact support?", "How many tickets does a customer open?"),
    unit="percent",
    better="lower",
    bounds=(0, None),
    inputs={"tickets": flow(COUNT), "customers": stock(COUNT)},
    rises=("tickets",),
    falls=("customers",),
    rivals={
        "tickets / active users": lambda tickets, active: 100 * tickets / active,
    },
    base="customers",
)
def contact_rate(tickets: T, customers: Values, *, undefined: Undefined = nan) -> T:
    r"""Tickets of the period for every hundred customers.

    .. math:: \text{contact rate} = \frac{\text{tickets}}{\text{customers}} \times 100

    Parameters
    ----------
    tickets
        Tickets opened in the period.
    customers
        Customers in the period.
    undefined
        Value where `customers` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 or more; over 100 where customers write more than once on average; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If `customers` is 0 and ``undefined="raise"``.

    See Also
    --------
    cost_per_ticket, self_service_rate, repeat_contact_rate

    Notes
    -----
    Divide by 100 for tickets per customer. A year's rate holds the tickets of twelve months: name the period.

    Other definitions in use:

    * customers with a ticket / customers (Helpshift): a share, never over 100 %.
    * tickets / orders: usual in retail; give orders as `customers`.
    * tickets / active users: higher, as idle customers are not in the base.

    Pitfalls:

    * A lower rate is good only if customers need less help, not if help is harder to find.

    References
    ----------
    .. [1] aicxstack glossary, "Contact rate", https://aicxstack.com/glossary/contact-rate
    .. [2] Helpshift, "What is contact rate", https://helpshift.com/glossary/what-is-contact-rate

    Examples
    --------
    >>> contact_rate(tickets=800, customers=10_000)
    8.0
    """
    return rate(contact_rate, tickets, customers, undefined)


@metric(
    title="Cost per ticket",
    aliases=("cost per contact", "cost per case", "cost per resolution", "support cost per ticket", "CPT"),
    questions=("What does a support ticket cost us?", "Is support too expensive?"),
    unit="money",
    better="lower",
    bounds=(0, None),
    inputs={"support_cost": flow(MONEY), "tickets": flow(COUNT)},
    rises=("support_cost",),
    falls=("tickets",),
    rivals={
        "cost per resolution": lambda support_cost, resolved: support_cost / resolved,
    },
    base="tickets",
    sampled=not_sampled("a cost is known, not sampled", "support_cost", "tickets"),
)
def cost_per_ticket(support_cost: T, tickets: Values, *, undefined: Undefined = nan) -> T:
    r"""Mean cost of one ticket.

    .. math:: \text{cost per ticket} = \frac{\text{support cost}}{\text{tickets}}

    Parameters
    ----------
    support_cost
        All costs of support in the period: pay, also of managers and trainers, tools, rooms, training.
    tickets
        Tickets of the period.
    undefined
        Value where `tickets` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Money, as given; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number.
    UndefinedMetricError
        If `tickets` is 0 and ``undefined="raise"``.

    See Also
    --------
    contact_rate, self_service_rate, crc

    Notes
    -----
    MetricNet and HDI put the month's full operating cost over its ticket volume.

    Other definitions in use:

    * cost per resolution, with tickets solved below the line: differs while the backlog grows or shrinks.
    * agents' pay only above the line: much lower, and not to be compared.

    Pitfalls:

    * Good self-service takes the easy tickets away, so the cost of those left rises while the total falls.

    References
    ----------
    .. [1] SparrowDesk, "Cost per ticket".

    Examples
    --------
    >>> cost_per_ticket(support_cost=100_000, tickets=2000)
    50.0
    """
    return mean(cost_per_ticket, support_cost, tickets, undefined)


@metric(
    title="Repeat contact rate",
    aliases=("repeat contacts", "repeat call rate", "repeat tickets", "callback rate", "recontact rate"),
    questions=("Do customers have to contact us again about the same issue?", "How many calls are repeats?"),
    unit="percent",
    better="lower",
    bounds=(0, 100),
    inputs={"repeat_contacts": flow(COUNT), "contacts": flow(COUNT)},
    rules=[at_most("repeat_contacts", "contacts", hint="`contacts` counts all contacts, first and repeated")],
    rises=("repeat_contacts",),
    falls=("contacts",),
    base="contacts",
    sampled=sampled("share", "repeat_contacts", "contacts", rows=True),
)
def repeat_contact_rate(repeat_contacts: T, contacts: Values, *, undefined: Undefined = nan) -> T:
    r"""Share of the contacts that came about an issue that the customer had raised before.

    .. math:: \text{repeat contact rate} = \frac{\text{repeat contacts}}{\text{contacts}} \times 100

    Parameters
    ----------
    repeat_contacts
        Contacts counted in `contacts` that follow an earlier one about the same issue within the window.
    contacts
        All contacts of the period, first and repeated.
    undefined
        Value where `contacts` is 0, or ``"raise"``.

    Returns
    -------
    float, ndarray or Series
        Percent, 0 to 100; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or `repeat_contacts` exceeds `contacts`.
    UndefinedMetricError
        If `contacts` is 0 and ``undefined="raise"``.

    See Also
    --------
    fcr, reopen_rate, contact_rate

    Notes
    -----
    The window is a choice, commonly 7 days; a longer one finds more repeats. State it beside the figure.

    Other definitions in use:

    * customers who came back / customers: give customers in both inputs.
    * contacts / issues: a ratio of 1 or more.
    * any second contact, whatever it is about: simpler to count, and higher.

    Pitfalls:

    * The same issue by chat and then by phone is a repeat; count over all channels.

    References
    ----------
    .. [1] SparrowDesk, "Repeat contact rate".

    Examples
    --------
    >>> repeat_contact_rate(repeat_contacts=60, contacts=600)
    10.0
    """
    return share(repeat_contact_rate, repeat_contacts, contacts, undefined)


@metric(
    title="Ticket backlog",
    aliases=("backlog", "open tickets", "open ticket count", "unresolved tickets", "tickets at the end"),
    questions=("How many tickets are still open?", "Is support keeping up with incoming tickets?"),
    unit="count",
    better="lower",
    bounds=(0, None),
    inputs={
        "backlog_start": stock(COUNT),
        "received": flow(COUNT),
        "reopened": flow(COUNT),
        "resolved": flow(COUNT),
        "cancelled": flow(COUNT),
    },
    rules=[
        at_most(
            ("resolved", "cancelled"),
            ("backlog_start", "received", "reopened"),
            hint="no more tickets can be closed than were open or came in",
        )
    ],
    rises=("backlog_start", "received", "reopened"),
    falls=("resolved", "cancelled"),
    rivals={
        "start + received - resolved only": lambda backlog_start, received, resolved: (
            backlog_start + received - resolved
        ),
    },
    sampled=not_sampled(
        "it is what was counted, not a sample", "backlog_start + received + reopened - resolved - cancelled"
    ),
)
def ticket_backlog(
    backlog_start: T,
    received: Values,
    reopened: Values,
    resolved: Values,
    *,
    cancelled: Values = 0,
    undefined: Undefined = nan,
) -> T:
    r"""Tickets still open at the end of the period.

    .. math::

        \text{backlog} = \text{backlog start} + \text{received} + \text{reopened}
        - \text{resolved} - \text{cancelled}

    Parameters
    ----------
    backlog_start
        Tickets open at the instant the period opens.
    received
        Tickets that came in during the period.
    reopened
        Times that a solved ticket was opened again in the period.
    resolved
        Times that a ticket was solved in the period.
    cancelled
        Tickets closed without a solution: duplicates, spam, withdrawn.
    undefined
        Taken as everywhere; this formula is defined for all inputs that it accepts.

    Returns
    -------
    float, ndarray or Series
        Tickets, 0 or more; the kind of the inputs.

    Raises
    ------
    MetricInputError
        If an input is negative, infinite or not a number, or if more tickets were closed than had been open.

    See Also
    --------
    resolution_time, reopen_rate

    Notes
    -----
    A ticket solved, reopened and solved again counts twice in `resolved` and once in `reopened`.

    Other definitions in use:

    * start + received - resolved only: too low where tickets are reopened, too high where some are cancelled.
    * only open tickets older than some days (Plecto): the overdue part of it.
    * a nightly count of open tickets (Zendesk): taken before midnight, so it differs a little from the events.

    Pitfalls:

    * The end of one period is the start of the next; where it is not, events are missing.
    * Backlogs add up over teams, never over months.

    References
    ----------
    .. [1] codingace, "Open ticket count", https://codingace.net/ecm/open_ticket_count.html

    Examples
    --------
    >>> ticket_backlog(backlog_start=120, received=340, reopened=25, resolved=360, cancelled=20)
    105.0
    """
    if ordinary[ticket_backlog](undefined, backlog_start, received, reopened, resolved, cancelled):
        return backlog_start + received + reopened - (resolved + cancelled) + 0.0
    return evaluate(ticket_backlog, undefined, backlog_start, received, reopened, resolved, cancelled)
