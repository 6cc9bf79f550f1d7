-- How fast each node may start calls of a campaign or through a trunk: its share of the limit, leased for seconds. The
-- shares of one scope that are in force never add up to more than the limit.
CREATE TABLE pace_share (
    scope       text NOT NULL,                 -- campaign:NAME or trunk:NAME
    node        text NOT NULL,
    per_second  double precision NOT NULL,
    lease_until timestamptz NOT NULL,
    PRIMARY KEY (scope, node)
) WITH (fillfactor = 50);

-- What keeps each campaign back on this node now, by the node's own word.
ALTER TABLE node ADD COLUMN holds jsonb NOT NULL DEFAULT '{}';
