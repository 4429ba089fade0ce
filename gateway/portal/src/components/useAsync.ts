import { useCallback, useEffect, useState } from 'react';
import { describe } from '../../../ohif/lib/errors.mjs';

export interface Loaded<T> {
  /** The last answer; stays while a newer one is on its way. */
  value?: T;
  error?: string;
  loading: boolean;
  reload: () => void;
}

/** Loads on mount and whenever `key` changes; an answer that was overtaken by a newer request is dropped. */
export function useAsync<T>(load: (signal: AbortSignal) => Promise<T>, key: string): Loaded<T> {
  const [state, setState] = useState<{ value?: T; error?: string; loading: boolean }>({ loading: true });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    setState(previous => ({ ...previous, loading: true }));
    load(abort.signal).then(
      value => !abort.signal.aborted && setState({ value, loading: false }),
      error => !abort.signal.aborted && setState(previous => ({ ...previous, error: describe(error), loading: false })),
    );
    return () => abort.abort();
    // `key` stands for everything that `load` reads.
  }, [key, round]);
  return { ...state, reload: useCallback(() => setRound(value => value + 1), []) };
}

/** `value`, once it has not changed for `milliseconds`. */
export function useDebounced<T>(value: T, milliseconds: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}
