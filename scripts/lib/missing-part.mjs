/** Something that a step needs from outside (a browser, a registry) and that can't be had here. */
export class MissingPart extends Error {
  name = 'MissingPart'
}
