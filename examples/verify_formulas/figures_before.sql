-- What stood in the dashboard before: kept to show what the verification says of it.
WITH rates AS (
    SELECT plan, start, lost, 1.0 * lost / start AS churn,
           start_mrr, expansion_mrr, contraction_mrr, churned_mrr, new_mrr,
           100.0 * (start_mrr + new_mrr + expansion_mrr - contraction_mrr - churned_mrr) / start_mrr AS nrr,
           promoters, passives, detractors,
           ROUND(100.0 * (promoters - detractors) / (promoters + detractors), 1) AS nps
    FROM plans
)
SELECT * FROM rates
UNION ALL
SELECT 'all plans', SUM(start), SUM(lost), AVG(churn), SUM(start_mrr), SUM(expansion_mrr), SUM(contraction_mrr),
       SUM(churned_mrr), SUM(new_mrr), AVG(nrr), SUM(promoters), SUM(passives), SUM(detractors), AVG(nps)
FROM rates
