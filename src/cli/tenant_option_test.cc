#include "cli/tenant_option.h"

#include <gtest/gtest.h>

namespace loci::cli {
namespace {

TEST(TenantOption, ReadsEveryField) {
  const auto tenant = parse_tenant("name=shop,key=a=b,key=c,weight=2.5,kv-share=0.5,operator");
  ASSERT_TRUE(tenant.has_value()) << tenant.error().message;
  EXPECT_EQ(tenant->access.name, "shop");
  EXPECT_EQ(tenant->share.name, "shop");
  EXPECT_EQ(tenant->access.keys, (std::vector<std::string>{"a=b", "c"}));
  EXPECT_TRUE(tenant->access.is_operator);
  EXPECT_EQ(tenant->share.weight, 2.5);
  EXPECT_EQ(tenant->share.kv_share, 0.5);
}

TEST(TenantOption, WhatIsWrongIsNamed) {
  const std::pair<const char*, const char*> kCases[] = {{"", "name= is missing"},
                                                        {"name=a", "key= is missing"},
                                                        {"key=a", "name= is missing"},
                                                        {"name=a b,key=k", "name 'a b'"},
                                                        {"name=key-1,key=k", "name 'key-1'"},
                                                        {"name=a,key=", "empty key"},
                                                        {"name=a,key=k,weight=0", "weight '0'"},
                                                        {"name=a,key=k,weight=nan", "weight 'nan'"},
                                                        {"name=a,key=k,weight=2x", "weight '2x'"},
                                                        {"name=a,key=k,kv-share=1.5", "kv-share '1.5'"},
                                                        {"name=a,key=k,operator=1", "'operator'"},
                                                        {"name=a,key=k,colour=red", "'colour'"}};
  for (const auto& [text, expected] : kCases) {
    const auto tenant = parse_tenant(text);
    ASSERT_FALSE(tenant.has_value()) << text;
    EXPECT_NE(tenant.error().message.find(expected), std::string::npos) << tenant.error().message;
  }
}

TEST(TenantOption, NamesAndKeysAreSomebodysAlone) {
  EXPECT_TRUE(parse_tenants({"name=a,key=1", "name=b,key=2"}, {"3"}).has_value());
  EXPECT_FALSE(parse_tenants({"name=a,key=1", "name=a,key=2"}, {}).has_value());
  EXPECT_FALSE(parse_tenants({"name=a,key=1", "name=b,key=1"}, {}).has_value());
  EXPECT_FALSE(parse_tenants({"name=a,key=1"}, {"1"}).has_value());
}

}  // namespace
}  // namespace loci::cli
