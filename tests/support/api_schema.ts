// Checks answers against the description of the API, by a validator of JSON Schema 2020-12.
import { Ajv2020 } from "ajv/dist/2020.js";

/** Tells what of an answer is not as described; null where it is, or where nothing is said. */
export type AnswerCheck = (
  method: string,
  path: string,
  status: number,
  type: string,
  answer: unknown,
) => string | null;

/** A check of answers by the description that a server gives. */
export function answerCheck(description: object): AnswerCheck {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema(description, "api");
  return (method, path, status, type, answer) => {
    const keys = ["paths", path, method.toLowerCase(), "responses", status, "content", type];
    const pointer = [...keys, "schema"].map((key) =>
      encodeURIComponent(String(key).replaceAll("~", "~0").replaceAll("/", "~1"))
    );
    const validate = ajv.getSchema(`api#/${pointer.join("/")}`);
    if (validate === undefined) return `no schema at ${pointer.join("/")}`;
    return validate(answer) === true ? null : ajv.errorsText(validate.errors);
  };
}
