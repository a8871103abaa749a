const { getDefaultConfig, mergeConfig } = require("@react-native/metro-config");

// As apps have it, but for what React Native itself would load first: it is not here, host.js stands in for it.
module.exports = mergeConfig(getDefaultConfig(__dirname), {
  serializer: { getModulesRunBeforeMainModule: () => [], getPolyfills: () => [] },
  watchFolders: [],
});
