// The only importer of preact and htm: everything that draws imports from here.
export { createContext, Fragment } from "preact";
export { html, render } from "htm/preact";
export {
  useCallback,
  useContext,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "preact/hooks";
