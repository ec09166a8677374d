-- Recharging points as they are counted: of each dataset its latest period, and of points that several publishers
-- describe the one that was kept (quality.recharging_point_match says which, by which rule, how sure).
CREATE OR REPLACE VIEW core.published_recharging_point AS
SELECT point.* FROM core.current_recharging_point AS point
ANTI JOIN quality.recharging_point_match AS match
       ON match.dataset = point._dataset AND match.period = point._period AND match.point_id = point.point_id
      AND match.verdict LIKE 'removed_%';
