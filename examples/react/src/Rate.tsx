import { useEffect, useEffectEvent, useRef, useState } from "react";

const SAMPLE_MS = 250;
const SAMPLES = 60;

/** Parts per second: now, and over the last quarter of a minute. */
export function Rate({ parts, isReading }: { parts: number; isReading: boolean }) {
  const counted = useRef(parts);
  const [samples, setSamples] = useState<number[]>(() => Array(SAMPLES).fill(0));
  const sample = useEffectEvent(() => {
    const added = parts - counted.current;
    counted.current = parts;
    setSamples((old) => (added === 0 && old.every((value) => value === 0) ? old : [...old.slice(1), added]));
  });
  useEffect(() => {
    const timer = setInterval(() => sample(), SAMPLE_MS);
    return () => clearInterval(timer);
  }, []);

  const perSecond = samples.slice(-1_000 / SAMPLE_MS).reduce((sum, value) => sum + value, 0);
  // A burst, such as catching up after a cut, is cut off so that the rest keeps its shape.
  const usual = samples.toSorted((a, b) => b - a)[3] ?? 0;
  const most = Math.max(1.6 * usual, 12);
  const points = samples.map((value, i) => `${i},${(24 - (22 * Math.min(value, most)) / most).toFixed(1)}`).join(" ");
  return (
    <div className="rate" data-reading={isReading}>
      <p>
        <strong>{perSecond}</strong> parts per second
      </p>
      <svg viewBox={`0 0 ${SAMPLES - 1} 25`} preserveAspectRatio="none" aria-hidden="true">
        <polygon points={`0,25 ${points} ${SAMPLES - 1},25`} />
        <polyline points={points} />
      </svg>
    </div>
  );
}
