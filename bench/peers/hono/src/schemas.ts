// What the routes accept.
import * as z from "zod";

const text = (max: number) => z.string().trim().max(max).nullable().optional();
const required = (max: number) => z.string().trim().min(1).max(max);
const link = z
  .string()
  .trim()
  .max(300)
  .regex(/^(https?:\/\/)?(www\.)?linkedin\.com\/.+$/i, "Must be a LinkedIn address")
  .nullable()
  .optional();
const notEmpty = (value: object) => Object.keys(value).length > 0;

export const profile = z
  .object({
    first_name: text(100),
    last_name: text(100),
    phone: text(32),
    location: text(200),
    linkedin_url: link,
    photo_url: z
      .url({ protocol: /^https?$/ })
      .max(2048)
      .nullable()
      .optional(),
    current_title: text(200),
    professional_summary: text(10_000),
  })
  .refine(notEmpty, "At least one field is required");

const position = z.object({
  position: required(200),
  company: required(200),
  description: text(10_000),
  start_date: z.iso.date(),
  end_date: z.iso.date().nullable().optional(),
  is_current: z.boolean().optional(),
});

const inOrder = (value: { start_date?: string | undefined; end_date?: string | null | undefined }) =>
  !value.start_date || !value.end_date || value.end_date >= value.start_date;
const stillThere = (value: { is_current?: boolean | undefined; end_date?: string | null | undefined }) =>
  !(value.is_current && value.end_date);
const order = { path: ["end_date"], message: "end_date is before start_date" };
const current = { path: ["end_date"], message: "A current position has no end_date" };

export const experience = position.refine(inOrder, order).refine(stillThere, current);
export const experienceEdit = position
  .partial()
  .refine(notEmpty, "At least one field is required")
  .refine(inOrder, order)
  .refine(stillThere, current);

export const skill = z.object({
  name: required(100),
  level: z.enum(["beginner", "intermediate", "advanced", "expert"]).optional(),
});
export const skillEdit = skill.partial().refine(notEmpty, "At least one field is required");
