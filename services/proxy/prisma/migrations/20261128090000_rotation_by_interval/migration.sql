-- Proxies whose exit address changes by an interval are looked for every few seconds, and are few among all.
CREATE INDEX proxy_rotation ON proxy (coalesce(rotated_at, starts_at))
  WHERE state = 'active' AND rotation_s IS NOT NULL;
