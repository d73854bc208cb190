/** Photos of codes, as the service can read them. */

import { ApiError } from "../api/client";

/** Larger pictures tell no more of a code and take long on the way. */
const MAX_SIDE_PIXELS = 2500;
const JPEG_QUALITY = 0.92;
/** The service reads these itself. */
const SENT_AS_IT_IS = ["image/png", "image/jpeg", "image/webp"];

/** The picture as JPEG of a bounded size. What the browser cannot read is sent as it is, where the service can read it. */
export async function picture(file: File): Promise<Blob> {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, MAX_SIDE_PIXELS / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
    if (blob) return blob;
  } catch {
    // The browser knows no such picture: told below, unless the service reads it.
  }
  if (SENT_AS_IT_IS.includes(file.type)) return file;
  const isHeic = /hei[cf]$/i.test(file.name) || /hei[cf]/.test(file.type);
  throw new ApiError(
    400,
    "This picture cannot be read",
    isHeic
      ? `${file.name} is HEIC, which this browser cannot read. Safari can; or send it as JPEG, or make a screenshot of it.`
      : `This browser cannot read ${file.name}. Send it as JPEG or PNG, or make a screenshot of it.`,
  );
}
