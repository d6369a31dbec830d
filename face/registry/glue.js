/** The registry, permission, dependency and installing functions as one object. */

/**
 * @template {object} Functions
 * @param {Functions} functions
 * @returns {{ PackageGlue: new () => Functions, packageGlue: Functions, getPackageGlue: () => Functions }}
 */
function makeGlue(functions) {
  class PackageGlue {}
  // On the prototype, so that a subclass's methods take their place.
  Object.assign(PackageGlue.prototype, functions)
  const packageGlue = /** @type {Functions} */ (/** @type {unknown} */ (new PackageGlue()))
  return {
    PackageGlue: /** @type {any} */ (PackageGlue),
    packageGlue,
    getPackageGlue: () => packageGlue,
  }
}

module.exports = { makeGlue }
