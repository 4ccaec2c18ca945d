-- The month's figures by plan, and for all plans together. Rates are percent; NULL where the base is empty.
WITH totals AS (
    SELECT plan, SUM(start) AS start, SUM(lost) AS lost,
           SUM(start_mrr) AS start_mrr, SUM(expansion_mrr) AS expansion_mrr,
           SUM(contraction_mrr) AS contraction_mrr, SUM(churned_mrr) AS churned_mrr,
           SUM(promoters) AS promoters, SUM(passives) AS passives, SUM(detractors) AS detractors
    FROM plans
    GROUP BY plan
    UNION ALL
    SELECT 'all plans', SUM(start), SUM(lost), SUM(start_mrr), SUM(expansion_mrr), SUM(contraction_mrr),
           SUM(churned_mrr), SUM(promoters), SUM(passives), SUM(detractors)
    FROM plans
)
SELECT *,
       100.0 * lost / NULLIF(start, 0) AS churn_rate,
       100.0 * (start_mrr + expansion_mrr - contraction_mrr - churned_mrr) / NULLIF(start_mrr, 0) AS nrr,
       100.0 * (promoters - detractors) / NULLIF(promoters + passives + detractors, 0) AS nps
FROM totals
